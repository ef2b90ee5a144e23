"""Who closes what, and the table of a run's moves."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import pytest

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import MOVES, CloseKey, JobKind, Run, RunState, Trigger
from aegis_batch.domain.run_record import IllegalMoveError, RunRecord

DAY = Period(PeriodKind.DAY, date(2026, 11, 21))
NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
FINAL = {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


def a_record(state: RunState) -> RunRecord:
    return RunRecord(
        id="r",
        trace_id="0" * 31 + "1",
        job=JobKind.CLOSE,
        key=CloseKey("default", DAY),
        trigger=Trigger.NIGHT,
        requested_by="scheduler",
        state=state,
        work_id="r#1",
        enqueued_at=NOW,
        due_at=NOW,
    )


def test_a_close_is_known_by_shop_and_period_alone() -> None:
    first = Run("run-1", "0" * 31 + "1", CloseKey("default", DAY))
    second = Run("run-2", "0" * 31 + "2", CloseKey("default", DAY))

    assert first != second
    assert first.key == second.key
    assert len({first.key, second.key}) == 1


def test_another_tenant_or_another_day_is_another_close() -> None:
    later = Period(PeriodKind.DAY, date(2026, 11, 22))

    assert len({CloseKey("default", DAY), CloseKey("north", DAY), CloseKey("default", later)}) == 3


def test_the_final_states_are_those_that_nothing_leads_out_of() -> None:
    assert {state for state in RunState if state.is_final} == FINAL


def test_every_state_but_a_final_one_can_reach_an_end() -> None:
    for state in set(RunState) - FINAL:
        reached = {state}
        for _ in RunState:
            reached |= {move.target for move in MOVES if move.origin in reached}
        assert reached & FINAL == FINAL


def test_no_move_stands_twice_and_each_says_who_makes_it_and_when() -> None:
    assert len({(move.origin, move.target) for move in MOVES}) == len(MOVES)
    assert all(move.by and move.when for move in MOVES)


@pytest.mark.parametrize(("origin", "target"), list(product(RunState, RunState)))
def test_a_record_makes_just_the_moves_of_the_table(origin: RunState, target: RunState) -> None:
    is_legal = any((move.origin, move.target) == (origin, target) for move in MOVES)

    assert origin.may_become(target) is is_legal
    if is_legal:
        moved = a_record(origin).moved(target, attempt=2)
        assert (moved.state, moved.attempt) == (target, 2)
    else:
        with pytest.raises(IllegalMoveError, match=f"{origin} -> {target}"):
            a_record(origin).moved(target)


def test_a_record_tells_its_identity_as_events_do() -> None:
    record = a_record(RunState.QUEUED)

    assert record.run == Run("r", "0" * 31 + "1", CloseKey("default", DAY))


def test_a_record_asks_about_another_day_as_the_same_run_of_the_same_tenant() -> None:
    asking = a_record(RunState.RUNNING).run_on(date(2026, 11, 19))

    assert (asking.id, asking.trace_id) == ("r", "0" * 31 + "1")
    assert asking.key == CloseKey("default", Period(PeriodKind.DAY, date(2026, 11, 19)))


def test_a_run_of_nobody_cant_be() -> None:
    with pytest.raises(ValueError, match="a run without a tenant"):
        replace(a_record(RunState.QUEUED), key=CloseKey("", DAY))


def test_runs_of_one_cause_are_told_as_such_and_one_that_nothing_has_caused_by_itself() -> None:
    night = a_record(RunState.RUNNING)
    close = replace(night, id="c", parent="r")

    assert {each.run.correlation_id for each in (night, close)} == {"r"}
    assert close.run_on(date(2026, 11, 20)).correlation_id == "r"
    assert replace(night, id="alone").run.correlation_id == "alone"
