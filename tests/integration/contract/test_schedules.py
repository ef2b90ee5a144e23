"""What every keeper of schedules promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aegis_batch.application.ports.state import State
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import (
    Overlap,
    Pause,
    Schedule,
    ScheduleKind,
    ScheduleState,
    Timing,
)
from tests.integration.state_records import MICROSECOND, NOON, SECOND, a_schedule

FULL = ScheduleState(
    schedule=Schedule(
        name="s",
        job=JobKind.DEADLINE,
        timing=Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone="America/Sao_Paulo"),
        overlap=Overlap.BUFFER_ALL,
        catch_up=timedelta(days=400, microseconds=1),
        jitter_max_seconds=30,
        newest_only=True,
    ),
    next_at=NOON + MICROSECOND,
    decided_until=NOON,
    pause=Pause("ana", NOON - MICROSECOND, "it is being repaired"),
    retired=True,
)
ONE_TIME = replace(FULL.schedule, timing=Timing(ScheduleKind.ONE_TIME, at=NOON))


def keep(state: State, *schedules: ScheduleState) -> None:
    with state.turn() as turn:
        for each in schedules:
            turn.schedules.save(each)


@pytest.mark.parametrize(
    "kept",
    [FULL, ScheduleState(ONE_TIME, None), a_schedule("s")],
    ids=["cron", "one time", "fixed rate"],
)
def test_a_schedule_comes_back_as_it_was_kept(state: State, kept: ScheduleState) -> None:
    keep(state, a_schedule("s", NOON - SECOND))
    keep(state, kept)

    with state.turn() as turn:
        assert turn.schedules.get("s") == kept
        assert list(turn.schedules.all()) == [kept]
        assert turn.schedules.get("t") is None


def test_all_schedules_come_by_name_retired_ones_too(state: State) -> None:
    keep(state, a_schedule("b"), a_schedule("c", None), a_schedule("a", retired=True))

    with state.turn() as turn:
        assert [each.schedule.name for each in turn.schedules.all()] == ["a", "b", "c"]


def test_due_are_those_whose_time_has_come_longest_due_first(state: State) -> None:
    keep(
        state,
        a_schedule("later", NOON + MICROSECOND),
        a_schedule("b", NOON),
        a_schedule("a", NOON),
        a_schedule("earlier", NOON - MICROSECOND, pause=Pause("ana", NOON, "why")),
        a_schedule("never", None),
        a_schedule("retired", NOON - SECOND, retired=True),
    )

    with state.turn() as turn:
        due = [each.schedule.name for each in turn.schedules.due(NOON, 9)]
        two = [each.schedule.name for each in turn.schedules.due(NOON, 2)]
        assert (due, two) == (["earlier", "a", "b"], ["earlier", "a"])
        assert turn.schedules.due(NOON - SECOND, 9) == []


def test_what_moved_on_is_due_no_more(state: State) -> None:
    keep(state, a_schedule("s"))
    keep(state, a_schedule("s", NOON + SECOND))

    with state.turn() as turn:
        assert turn.schedules.due(NOON, 9) == []
        assert turn.schedules.next_due_at() == NOON + SECOND


def test_the_next_due_time_is_the_earliest_of_those_not_retired(state: State) -> None:
    with state.turn() as turn:
        assert turn.schedules.next_due_at() is None
    keep(state, a_schedule("retired", NOON - SECOND, retired=True), a_schedule("never", None))
    with state.turn() as turn:
        assert turn.schedules.next_due_at() is None
    keep(state, a_schedule("a", NOON + SECOND), a_schedule("b", NOON + MICROSECOND))

    with state.turn() as turn:
        assert turn.schedules.next_due_at() == NOON + MICROSECOND
