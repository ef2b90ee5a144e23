"""What every ledger of runs promises."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.job_status import TIMED_OUT
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.run_statistics import RunFigures
from aegis_batch.domain.task import Priority, Task
from tests.integration.state_records import (
    DAY,
    MICROSECOND,
    NOON,
    SEAL,
    SECOND,
    a_full_run,
    a_key,
    a_run,
    a_seal_link,
)


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
        (RunFilter(tenant="other"), ["other"]),
        (RunFilter(tenant="other", day=DAY_BEFORE), []),
        (RunFilter(tenant="nobody"), []),
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


def test_figures_are_of_the_runs_about_some_days_both_included_newest_first(state: State) -> None:
    sunday = date(2026, 11, 22)
    week = replace(a_key(), period=Period(PeriodKind.WEEK, date(2026, 11, 16)))
    keep(
        state,
        replace(a_full_run("full"), requests=3),
        a_run("later", NOON + SECOND),
        a_run("sunday", NOON + 2 * SECOND, key=a_key(sunday)),
        a_run("week", NOON - SECOND, key=week),
    )

    def figures(first_day: date, last_day: date, limit: int = 9) -> list[str]:
        with state.turn() as turn:
            return [run.run_id for run in turn.runs.figures(first_day, last_day, limit)]

    assert figures(DAY, sunday) == ["sunday", "later", "full"]
    assert figures(DAY, DAY) == ["later", "full"]
    assert figures(week.period.first_day, DAY, 2) == ["later", "full"]
    assert figures(week.period.first_day, week.period.first_day) == ["week"]
    keep(state, a_run("other", NOON + 3 * SECOND, key=a_key(tenant="other")))
    with state.turn() as turn:
        of_other = turn.runs.figures(DAY, sunday, 9, tenant="other")
        of_default = turn.runs.figures(DAY, sunday, 9, tenant="default")
    assert [run.run_id for run in of_other] == ["other"]
    assert [run.run_id for run in of_default] == ["sunday", "later", "full"]
    with state.turn() as turn:
        (found,) = turn.runs.figures(DAY, DAY, 9, tenant="default")[1:]
    full = replace(a_full_run("full"), requests=3)
    assert found == RunFigures(
        run_id="full",
        job=full.job,
        tenant="default",
        period=full.key.period,
        state=full.state,
        enqueued_at=full.enqueued_at,
        started_at=full.started_at,
        duration_ms=full.duration_ms,
        cpu_seconds=full.cpu_seconds,
        requests=3,
        orders=full.orders,
    )


def test_runs_that_were_sealed_without_a_link_in_their_own_chain_are_found(state: State) -> None:
    done = replace(a_run("run-1"), state=RunState.SUCCEEDED, seal=SEAL, requests=2)
    keep(
        state,
        # It has its link, which the other tenant's chain has not.
        done,
        replace(done, id="run-2", enqueued_at=NOON + SECOND, key=a_key(tenant="another")),
        replace(done, id="run-3", enqueued_at=NOON - SECOND),
        a_run("unsealed", state=RunState.SUCCEEDED, requests=2),
        a_run("uncounted", state=RunState.SUCCEEDED, seal=SEAL),
        a_run("failed", state=RunState.FAILED, seal=SEAL, requests=2),
    )
    with state.turn() as turn:
        turn.seals.add(a_seal_link(1))
        turn.seals.add(a_seal_link(2))

    assert found(state, RunFilter(unlinked=True)) == ["run-2", "run-3"]
    assert found(state, RunFilter(unlinked=True, oldest_first=True), 1) == ["run-3"]
    in_state = RunFilter(unlinked=True, states=frozenset({RunState.SUCCEEDED, RunState.FAILED}))
    assert found(state, in_state) == ["run-2", "run-3"]
    with state.turn() as turn:
        turn.seals.add(a_seal_link(3))
    assert found(state, RunFilter(unlinked=True)) == ["run-2"]


def test_runs_are_found_behind_another_newest_first(state: State) -> None:
    with state.turn() as turn:
        moments = {"a": NOON, "b": NOON, "c": NOON + SECOND, "old": NOON - SECOND}
        for name, moment in moments.items():
            turn.runs.add(a_run(name, moment))

    with state.look() as turn:
        behind = turn.runs.search(RunFilter(before=(NOON, "b")), 9)
        assert [run.id for run in behind] == ["a", "old"]
        queued = RunFilter(before=(NOON + SECOND, "c"), states=frozenset({RunState.QUEUED}))
        assert [run.id for run in turn.runs.search(queued, 2)] == ["b", "a"]


def test_runs_of_tasks_are_found_by_their_job(state: State) -> None:
    task = Task(job_name="x", priority=Priority.LOW, arguments='{"day":"2026-11-21"}')
    kept = a_run("1", job=JobKind.HTTP, task=task)
    with state.turn() as turn:
        turn.runs.add(kept)
        turn.runs.add(a_run("2"))

    with state.look() as turn:
        assert list(turn.runs.search(RunFilter(job=JobKind.HTTP), 9)) == [kept]


def test_runs_that_timed_out_are_told_from_others_that_failed(state: State) -> None:
    slow = Problem(TIMED_OUT, "It hung.", "Wait.", retryable=True)
    other = Problem("service_refused", "No.", "Mend it.", retryable=False)
    with state.turn() as turn:
        for run_id, problem in (("1", slow), ("2", other), ("3", slow)):
            turn.runs.add(a_run(run_id, state=RunState.FAILED, problem=problem))
        turn.runs.add(a_run("4", state=RunState.FAILED))

    failed = frozenset({RunState.FAILED})
    assert found(state, RunFilter(states=failed, timed_out=True)) == ["3", "1"]
    assert found(state, RunFilter(states=failed, timed_out=False)) == ["4", "2"]
    mine = RunFilter(states=failed, timed_out=True, tenant="default")
    assert found(state, mine) == ["3", "1"]
