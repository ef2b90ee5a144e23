"""Dead letters in people's hands: replayed or discarded, once each, with who and why."""

from collections.abc import Callable

import pytest

from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import JobKind, RunState, Trigger
from tests.unit.application.office import (
    BROKEN,
    DAY,
    DEADLINE,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
)

NIGHT = NOON + 14 * HOUR


def an_office_with_a_rejected_day() -> tuple[Office, str]:
    office = Office([NIGHTLY])
    office.orders.orders.append(BROKEN)
    office.live_until(NIGHT)
    return office, office.letters()[0].run_id


def refusal(deed: Callable[[], object]) -> str:
    with pytest.raises(InvalidRequest) as caught:
        deed()
    assert caught.value.remedy
    return caught.value.code


def test_a_replay_starts_a_run_in_the_place_of_the_dead_one() -> None:
    office, run_id = an_office_with_a_rejected_day()
    office.orders.orders.clear()

    (decided,) = office.dead_letters.replay([run_id], "ana", "the order is mended")
    office.work()

    assert decided.is_new
    assert decided.letter.replayed_as is not None
    again = office.run(decided.letter.replayed_as)
    assert (again.state, again.trigger, again.requested_by) == (
        RunState.SUCCEEDED,
        Trigger.REPLAY,
        "ana",
    )
    assert (again.replay_of, again.key) == (run_id, office.run(run_id).key)
    assert office.closed_days() == [DAY]


def test_what_was_decided_is_kept_with_who_when_and_why() -> None:
    office, run_id = an_office_with_a_rejected_day()
    office.sleep_until(NIGHT + HOUR)

    office.dead_letters.replay([run_id], "ana", "the order is mended")

    (letter,) = office.letters()
    assert letter.state is DeadLetterState.REPLAYED
    assert (letter.decided_by, letter.reason) == ("ana", "the order is mended")
    assert letter.decided_at == NIGHT + HOUR
    (entry,) = office.history.audit(10)
    assert (entry.at, entry.operator, entry.action, entry.subject, entry.reason) == (
        NIGHT + HOUR,
        "ana",
        "dead_letter.replay",
        run_id,
        "the order is mended",
    )


def test_replaying_twice_makes_one_run() -> None:
    office, run_id = an_office_with_a_rejected_day()

    first, second = office.dead_letters.replay([run_id, run_id], "ana", "mended")
    (third,) = office.dead_letters.replay([run_id], "bob", "mended too")

    assert (first.is_new, second.is_new, third.is_new) == (True, False, False)
    assert first.letter == second.letter == third.letter
    assert len(office.runs(JobKind.CLOSE)) == 2
    assert len(office.history.audit(10)) == 1


def test_a_discarded_letter_is_put_away_for_good() -> None:
    office, run_id = an_office_with_a_rejected_day()

    (first,) = office.dead_letters.discard([run_id], "ana", "a test shop")
    (second,) = office.dead_letters.discard([run_id], "ana", "a test shop")

    assert (first.is_new, second.is_new) == (True, False)
    assert office.letters()[0].state is DeadLetterState.DISCARDED
    assert [entry.action for entry in office.history.audit(10)] == ["dead_letter.discard"]
    assert refusal(lambda: office.dead_letters.replay([run_id], "ana", "no")) == "decided_before"


def test_a_replayed_letter_can_not_be_discarded() -> None:
    office, run_id = an_office_with_a_rejected_day()
    office.dead_letters.replay([run_id], "ana", "mended")

    assert refusal(lambda: office.dead_letters.discard([run_id], "ana", "no")) == "decided_before"


@pytest.mark.parametrize("reason", ["", " \t\n"])
def test_without_a_reason_nothing_is_decided(reason: str) -> None:
    office, run_id = an_office_with_a_rejected_day()

    assert refusal(lambda: office.dead_letters.replay([run_id], "ana", reason)) == "reason_missing"
    assert refusal(lambda: office.dead_letters.discard([run_id], "ana", reason)) == (
        "reason_missing"
    )
    assert office.letters()[0].state is DeadLetterState.OPEN


def test_one_that_cant_be_decided_leaves_all_of_the_call_undecided() -> None:
    office, run_id = an_office_with_a_rejected_day()
    ids = [run_id, "unknown"]

    assert refusal(lambda: office.dead_letters.replay(ids, "ana", "x")) == "unknown_dead_letter"
    assert refusal(lambda: office.dead_letters.discard(ids, "ana", "x")) == "unknown_dead_letter"

    assert office.letters()[0].state is DeadLetterState.OPEN
    assert len(office.runs(JobKind.CLOSE)) == 1
    assert list(office.history.audit(10)) == []


def test_a_day_in_flight_is_not_replayed_beside_it() -> None:
    office, run_id = an_office_with_a_rejected_day()
    office.enqueue_close(DAY)

    assert refusal(lambda: office.dead_letters.replay([run_id], "ana", "x")) == "day_in_flight"


def test_of_two_dead_letters_of_one_day_only_one_can_be_replayed_at_a_time() -> None:
    office, first = an_office_with_a_rejected_day()
    office.enqueue_close(DAY)
    office.work()
    second = office.letters()[1].run_id

    both = [first, second]
    assert refusal(lambda: office.dead_letters.replay(both, "ana", "x")) == "day_in_flight"
    office.orders.orders.clear()
    office.dead_letters.replay([second], "ana", "mended")
    office.dead_letters.discard([first], "ana", "the other one did it")
    office.work()

    assert office.closed_days() == [DAY]
    assert [letter.state for letter in office.letters()] == [
        DeadLetterState.DISCARDED,
        DeadLetterState.REPLAYED,
    ]


def test_a_replay_that_dies_is_a_dead_letter_of_its_own() -> None:
    office, run_id = an_office_with_a_rejected_day()

    (decided,) = office.dead_letters.replay([run_id], "ana", "I hope")
    office.work()

    assert [letter.run_id for letter in office.letters()] == [run_id, decided.letter.replayed_as]
    assert office.letters()[1].state is DeadLetterState.OPEN


def test_an_old_day_that_is_replayed_is_tried_as_long_as_a_new_one() -> None:
    office, run_id = an_office_with_a_rejected_day()
    office.restart([])
    office.sleep_until(NIGHT + 30 * ONE_DAY)
    office.orders.orders.clear()
    (decided,) = office.dead_letters.replay([run_id], "ana", "mended at last")
    assert decided.letter.replayed_as is not None
    office.backend.meanwhile = office.backend.fail_once
    office.work()
    assert office.run(decided.letter.replayed_as).state is RunState.WAITING

    office.live_until(NIGHT + 30 * ONE_DAY + MINUTE)

    assert office.closed_days() == [DAY]


def test_a_night_that_is_replayed_looks_at_the_days_of_its_own_time() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    office.fire()
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()
    (letter,) = office.letters()
    office.restart([])
    office.sleep_until(NIGHT + 2 * ONE_DAY)

    office.dead_letters.replay([letter.run_id], "ana", "the machine is mended")
    office.work()

    night, again = office.runs(JobKind.NIGHT)
    assert (again.nominal, again.key) == (night.nominal, night.key)
    assert office.closes() == [(DAY, RunState.SUCCEEDED)]


def test_a_deadline_that_is_replayed_judges_the_days_of_its_own_time() -> None:
    office = Office([DEADLINE])
    office.sleep_until(NOON + 18 * HOUR)
    office.fire()
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()
    office.restart([])
    office.sleep_until(NOON + 18 * HOUR + 2 * ONE_DAY)

    office.dead_letters.replay([office.letters()[0].run_id], "ana", "the machine is mended")
    office.work()

    overdue = [notice.text for notice in office.notices() if notice.event == "day.overdue"]
    assert len(overdue) == 1
    assert "2026-11-21" in overdue[0]
