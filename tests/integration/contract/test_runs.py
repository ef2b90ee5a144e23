"""What every ledger of runs promises."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from tests.integration.state_records import MICROSECOND, NOON, SECOND, a_full_run, a_key, a_run


def keep(state: State, *records: RunRecord) -> None:
    with state.turn() as turn:
        for record in records:
            turn.runs.add(record)


def found(state: State, wanted: RunFilter, limit: int = 99) -> list[str]:
    with state.turn() as turn:
        return [record.id for record in turn.runs.search(wanted, limit)]


@pytest.mark.parametrize("record", [a_run("r"), a_full_run("r")], ids=["least", "full"])
def test_a_run_comes_back_as_it_was_kept(state: State, record: RunRecord) -> None:
    keep(state, record)

    with state.turn() as turn:
        assert turn.runs.get("r") == record
        assert list(turn.runs.search(RunFilter(), 9)) == [record]
        assert turn.runs.get("s") is None


def test_a_run_comes_back_as_it_was_saved_last(state: State) -> None:
    keep(state, a_full_run("r"), a_run("s"))

    with state.turn() as turn:
        turn.runs.save(a_run("r"))
        turn.runs.save(a_full_run("s"))

    with state.turn() as turn:
        assert (turn.runs.get("r"), turn.runs.get("s")) == (a_run("r"), a_full_run("s"))


def test_an_instant_is_the_same_whatever_zone_it_was_written_in(state: State) -> None:
    east = NOON.astimezone(timezone(timedelta(hours=9)))
    keep(state, a_run("r", east), a_run("s", NOON + MICROSECOND))

    assert found(state, RunFilter(oldest_first=True)) == ["r", "s"]
    with state.turn() as turn:
        assert turn.runs.get("r") == a_run("r", NOON)


def test_an_id_is_given_once(state: State) -> None:
    keep(state, a_run("r"))

    with pytest.raises(ValueError, match="r"):
        keep(state, a_full_run("r"))

    with state.turn() as turn:
        assert turn.runs.get("r") == a_run("r")


def test_only_a_known_run_can_be_saved(state: State) -> None:
    with state.turn() as turn, pytest.raises(KeyError):
        turn.runs.save(a_run("r"))


def test_runs_come_newest_first_or_oldest_first_and_by_id_within_a_moment(state: State) -> None:
    ancient = datetime(999, 1, 1, tzinfo=UTC)
    keep(
        state,
        a_run("b"),
        a_run("first", ancient),
        a_run("last", NOON + MICROSECOND),
        a_run("a"),
        a_run("c", NOON - SECOND),
    )

    oldest_first = ["first", "c", "a", "b", "last"]
    assert found(state, RunFilter(oldest_first=True)) == oldest_first
    assert found(state, RunFilter()) == oldest_first[::-1]
    assert found(state, RunFilter(), 2) == ["last", "b"]
    assert found(state, RunFilter(oldest_first=True), 2) == ["first", "c"]
    assert found(state, RunFilter(), 0) == []


DAY_BEFORE = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (RunFilter(states=frozenset({RunState.RUNNING})), ["running"]),
        (RunFilter(states=frozenset({RunState.RUNNING, RunState.HELD})), ["held", "running"]),
        (RunFilter(states=frozenset({RunState.FAILED})), []),
        (RunFilter(backend="a"), ["child", "earlier"]),
        (RunFilter(backend="b"), ["running"]),
        (RunFilter(backend="c"), []),
        (RunFilter(backend="a", key=a_key(DAY_BEFORE)), ["earlier"]),
        (RunFilter(backend="b", key=a_key(DAY_BEFORE)), []),
        (
            RunFilter(
                backend="a",
                states=frozenset({RunState.QUEUED, RunState.RUNNING}),
                parent="night",
            ),
            ["child"],
        ),
        (RunFilter(job=JobKind.NIGHT), ["night"]),
        (RunFilter(day=DAY_BEFORE), ["earlier"]),
        (RunFilter(key=a_key(DAY_BEFORE)), ["earlier"]),
        (RunFilter(key=a_key(DAY_BEFORE, "other")), []),
        (RunFilter(key=a_key(tenant="other")), ["other"]),
        (RunFilter(schedule="s"), ["held", "night"]),
        (RunFilter(schedule="s", states=frozenset({RunState.HELD})), ["held"]),
        (RunFilter(parent="night"), ["child"]),
        (RunFilter(parent="night", day=DAY_BEFORE), []),
    ],
)
def test_a_filter_lets_through_what_has_all_that_it_asks_for(
    state: State, wanted: RunFilter, names: list[str]
) -> None:
    keep(
        state,
        a_run("running", state=RunState.RUNNING, backend="b"),
        a_run("held", state=RunState.HELD, schedule="s"),
        a_run("night", job=JobKind.NIGHT, schedule="s"),
        a_run("earlier", key=a_key(DAY_BEFORE), backend="a"),
        a_run("other", key=a_key(tenant="other")),
        a_run("child", parent="night", backend="a"),
    )

    assert sorted(found(state, wanted)) == names


def test_a_run_is_found_by_what_it_is_now(state: State) -> None:
    keep(state, a_run("r"))

    with state.turn() as turn:
        turn.runs.save(a_run("r", state=RunState.RUNNING))

    assert found(state, RunFilter(states=frozenset({RunState.QUEUED}))) == []
    assert found(state, RunFilter(states=frozenset({RunState.RUNNING}))) == ["r"]
