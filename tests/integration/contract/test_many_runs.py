"""What every ledger promises where many runs are kept at a time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from aegis_batch.application.ports.many_runs import CloseFact
from aegis_batch.application.ports.state import State
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from tests.integration.state_records import DAY, NOON, a_dead_letter, a_full_run, a_key, a_run


def keep(state: State, *records: RunRecord) -> None:
    with state.turn() as turn:
        turn.many_runs.add(records)


def test_many_runs_are_kept_and_saved_at_once(state: State) -> None:
    with state.turn() as turn:
        turn.many_runs.add([a_run("r"), a_full_run("s")])
    with state.turn() as turn:
        turn.many_runs.save([a_full_run("r"), a_run("s")])
        turn.many_runs.add([])
        turn.many_runs.save([])

    with state.turn() as turn:
        assert (turn.runs.get("r"), turn.runs.get("s")) == (a_full_run("r"), a_run("s"))


def test_of_many_runs_none_may_be_known_to_be_added_or_unknown_to_be_saved(state: State) -> None:
    keep(state, a_run("r"))

    with pytest.raises(ValueError, match="known already"), state.turn() as turn:
        turn.many_runs.add([a_run("s"), a_run("r")])
    with pytest.raises(KeyError), state.turn() as turn:
        turn.many_runs.save([a_full_run("r"), a_run("s")])

    with state.turn() as turn:
        assert (turn.runs.get("r"), turn.runs.get("s")) == (a_run("r"), None)


def test_the_runs_of_a_piece_of_work_are_found_by_it(state: State) -> None:
    keep(
        state,
        a_run("t", work_id="shard#1"),
        a_run("s", work_id="shard#1"),
        a_run("r", work_id="shard#1.1"),
    )

    with state.turn() as turn:
        assert [record.id for record in turn.many_runs.of_work("shard#1")] == ["s", "t"]
        assert [record.id for record in turn.many_runs.of_work("shard#1", ["t", "x"])] == ["t"]
        turn.runs.save(a_run("s", work_id="shard#2"))
        assert [record.id for record in turn.many_runs.of_work("shard#1")] == ["t"]
        assert list(turn.many_runs.of_work("shard")) == []


def test_closes_of_many_tenants_are_known_until_they_are_given_up(state: State) -> None:
    def close(run_id: str, tenant: str, day: date, **changes: object) -> RunRecord:
        return a_run(run_id, NOON, key=a_key(day, tenant=tenant), **changes)

    first, last = DAY - timedelta(days=1), DAY
    week = Period.holding(PeriodKind.WEEK, DAY)
    keep(
        state,
        close("1", "a", first, state=RunState.SUCCEEDED, backend="b"),
        close("2", "a", last, state=RunState.WAITING),
        close("3", "b", last),
        close("4", "b", last, state=RunState.FAILED),
        close("5", "b", first, state=RunState.CANCELLED),
        close("6", "c", last),
        close("7", "a", last + timedelta(days=1)),
        close("8", "a", first - timedelta(days=1)),
        close("9", "b", last, job=JobKind.REBUILD),
        close("d", "b", first, state=RunState.FAILED),
        a_run("w", key=replace(a_key(tenant="a"), period=week)),
    )

    with state.turn() as turn:
        turn.dead_letters.save(a_dead_letter("d", key=a_key(first, tenant="b")))
        turn.dead_letters.save(a_dead_letter("c", key=a_key(first, tenant="c")))
        turn.dead_letters.save(a_dead_letter("n", key=a_key(first, tenant="b"), job=JobKind.NIGHT))
        turn.dead_letters.save(
            a_dead_letter("4", key=a_key(last, tenant="b"), state=DeadLetterState.DISCARDED)
        )
    with state.turn() as turn:
        facts = turn.many_runs.closes(["a", "b"], first, last)
        assert not turn.many_runs.closes([], first, last)
        rebuilt = turn.many_runs.closes(["a", "b"], first, last, job=JobKind.REBUILD)
        by_week = turn.many_runs.closes(["a", "b"], week.first_day, last, kind=PeriodKind.WEEK)

    assert sorted(facts, key=lambda fact: fact.run_id) == [
        CloseFact(a_key(first, tenant="a"), "1", RunState.SUCCEEDED, "b"),
        CloseFact(a_key(last, tenant="a"), "2", RunState.WAITING, None),
        CloseFact(a_key(last, tenant="b"), "3", RunState.QUEUED, None),
        CloseFact(a_key(first, tenant="b"), "d", RunState.FAILED, None),
    ]
    assert [fact.run_id for fact in rebuilt] == ["9"]
    assert [(fact.key.period, fact.run_id) for fact in by_week] == [(week, "w")]


def test_work_at_runs_that_have_not_ended_is_listed_in_order(state: State) -> None:
    keep(
        state,
        a_run("r", work_id="b#1"),
        a_run("s", work_id="b#1", state=RunState.RUNNING),
        a_run("t", work_id="a#2", state=RunState.WAITING),
        a_run("u", work_id="c#1", state=RunState.HELD),
        a_run("v", work_id="d#1", state=RunState.SUCCEEDED),
        a_run("w", work_id="B#1"),
    )

    with state.look() as turn:
        assert list(turn.many_runs.works("", 9)) == ["B#1", "a#2", "b#1"]
        assert list(turn.many_runs.works("", 2)) == ["B#1", "a#2"]
        assert list(turn.many_runs.works("a#2", 9)) == ["b#1"]
        assert list(turn.many_runs.works("b#1", 9)) == []
