"""What every keeper of dead letters promises."""

from datetime import date

from aegis_batch.application.ports.state import State
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.run import JobKind
from tests.integration.state_records import MICROSECOND, NOON, SECOND, a_dead_letter, a_key

DISCARDED = DeadLetterState.DISCARDED
DECIDED = a_dead_letter(
    "r",
    state=DeadLetterState.REPLAYED,
    decided_by="ana",
    decided_at=NOON + MICROSECOND,
    reason="the Backend is back",
    replayed_as="s",
)


def keep(state: State, *letters: DeadLetter) -> None:
    with state.turn() as turn:
        for each in letters:
            turn.dead_letters.save(each)


def newest(state: State, of: DeadLetterState | None, limit: int = 9) -> list[str]:
    with state.turn() as turn:
        return [letter.run_id for letter in turn.dead_letters.newest(of, limit)]


def test_a_dead_letter_comes_back_as_it_was_saved_last(state: State) -> None:
    keep(state, a_dead_letter("r"))
    with state.turn() as turn:
        assert turn.dead_letters.get("r") == a_dead_letter("r")
        assert turn.dead_letters.get("s") is None

    keep(state, DECIDED)

    with state.turn() as turn:
        assert turn.dead_letters.get("r") == DECIDED
        assert list(turn.dead_letters.newest(None, 9)) == [DECIDED]


def test_the_last_to_die_come_first_in_one_state_or_in_any(state: State) -> None:
    keep(
        state,
        a_dead_letter("b"),
        a_dead_letter("a"),
        a_dead_letter("late", NOON + MICROSECOND, state=DeadLetterState.DISCARDED),
        a_dead_letter("early", NOON - SECOND),
    )

    assert newest(state, None) == ["late", "b", "a", "early"]
    assert newest(state, DeadLetterState.OPEN) == ["b", "a", "early"]
    assert newest(state, DeadLetterState.OPEN, 1) == ["b"]
    assert newest(state, DeadLetterState.REPLAYED) == []


def test_a_close_has_an_open_dead_letter_until_somebody_decides(state: State) -> None:
    keep(state, a_dead_letter("r"), a_dead_letter("other", key=a_key(tenant="other")))
    with state.turn() as turn:
        assert turn.dead_letters.open_of(a_key(), JobKind.CLOSE) == a_dead_letter("r")
        assert turn.dead_letters.open_of(a_key(date(2026, 11, 20)), JobKind.CLOSE) is None

    keep(state, DECIDED)

    with state.turn() as turn:
        assert turn.dead_letters.open_of(a_key(), JobKind.CLOSE) is None
    assert newest(state, DeadLetterState.OPEN) == ["other"]


def test_an_open_dead_letter_of_a_night_is_none_of_the_close_of_its_day(state: State) -> None:
    keep(state, a_dead_letter("close"), a_dead_letter("night", NOON + SECOND, job=JobKind.NIGHT))

    with state.turn() as turn:
        found = turn.dead_letters.open_of(a_key(), JobKind.CLOSE)

    assert found == a_dead_letter("close")


def test_of_each_job_of_a_key_the_newest_open_dead_letter_is_found(state: State) -> None:
    keep(
        state,
        a_dead_letter("close"),
        a_dead_letter("old", NOON - SECOND, job=JobKind.REBUILD),
        a_dead_letter("new", NOON + SECOND, job=JobKind.REBUILD),
        a_dead_letter("seen", NOON + 2 * SECOND, job=JobKind.REBUILD, state=DISCARDED),
    )

    with state.turn() as turn:
        found = [turn.dead_letters.open_of(a_key(), job) for job in JobKind]

    assert [letter.run_id for letter in found if letter is not None] == ["close", "new"]


def test_all_dead_letters_of_a_close_come_the_last_to_die_first(state: State) -> None:
    other = a_key(date(2026, 11, 20))
    keep(
        state,
        a_dead_letter("early", NOON - SECOND, state=DeadLetterState.DISCARDED),
        a_dead_letter("late"),
        a_dead_letter("rebuild", NOON - 2 * SECOND, job=JobKind.REBUILD),
        a_dead_letter("night", job=JobKind.NIGHT),
        a_dead_letter("other", key=other),
    )

    with state.turn() as turn:
        of_key = [letter.run_id for letter in turn.dead_letters.of(a_key(), 9)]
        first = [letter.run_id for letter in turn.dead_letters.of(a_key(), 1)]
        of_other = [letter.run_id for letter in turn.dead_letters.of(other, 9)]

    assert of_key == ["late", "early", "rebuild"]
    assert (first, of_other) == (["late"], ["other"])


def test_those_of_one_tenant_are_found_in_one_state_or_in_any(state: State) -> None:
    others = a_key(tenant="other")
    keep(
        state,
        a_dead_letter("a"),
        a_dead_letter("b", NOON + SECOND, key=others),
        a_dead_letter("c", NOON + 2 * SECOND, key=others, state=DISCARDED),
    )

    with state.turn() as turn:
        of_other = turn.dead_letters.newest(None, 9, tenant="other")
        open_of_other = turn.dead_letters.newest(DeadLetterState.OPEN, 9, tenant="other")
        first = turn.dead_letters.newest(None, 1, tenant="other")

    assert [letter.run_id for letter in of_other] == ["c", "b"]
    assert [letter.run_id for letter in open_of_other] == ["b"]
    assert [letter.run_id for letter in first] == ["c"]
