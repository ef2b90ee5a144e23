"""What every keeper of backfills promises."""

from dataclasses import replace
from datetime import date

import pytest

from aegis_batch.application.ports.backfills import InFlight
from aegis_batch.application.ports.state import State
from aegis_batch.domain.backfill import Backfill, BackfillState, Fate
from aegis_batch.domain.run import RunState
from aegis_batch.domain.run_record import RunRecord
from tests.integration.state_records import SECOND, a_backfill, a_planned_period, a_run

MONDAY, TUESDAY, FRIDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 20)


@pytest.fixture
def kept(state: State) -> Backfill:
    """A backfill of three days, which were not kept in their order."""
    backfill = a_backfill("b-1")
    with state.turn() as turn:
        turn.backfills.save(backfill, [a_planned_period(day) for day in (FRIDAY, MONDAY, TUESDAY)])
    return backfill


def test_a_backfill_comes_back_as_it_was_kept(state: State, kept: Backfill) -> None:
    full = replace(
        a_backfill("b-2"),
        newest_first=True,
        next_day=None,
        state=BackfillState.ENDED,
        started_by="maria",
        started_at=kept.planned_at + SECOND,
        ended_at=kept.planned_at + 2 * SECOND,
        done=7,
        failed=2,
        skipped=1,
        next_tenant=3,
    )
    with state.turn() as turn:
        turn.backfills.save(full)

    with state.turn() as turn:
        assert turn.backfills.get("b-1") == kept
        assert turn.backfills.get("b-2") == full
        assert turn.backfills.get("b-3") is None
        assert list(turn.backfills.periods("b-2", None, 9)) == []
        assert list(turn.backfills.periods("b-3", None, 9)) == []


def test_what_is_kept_anew_takes_the_place_of_what_was(state: State, kept: Backfill) -> None:
    done = replace(a_planned_period(TUESDAY), run_id="r-1", fate=Fate.DONE)
    with state.turn() as turn:
        turn.backfills.save(replace(kept, done=1), [done])

    with state.turn() as turn:
        assert turn.backfills.get("b-1") == replace(kept, done=1)
        assert list(turn.backfills.periods("b-1", None, 9)) == [
            a_planned_period(MONDAY),
            done,
            a_planned_period(FRIDAY),
        ]


@pytest.mark.parametrize(
    ("start", "limit", "newest_first", "days"),
    [
        (None, 9, False, [MONDAY, TUESDAY, FRIDAY]),
        (None, 2, False, [MONDAY, TUESDAY]),
        (None, 2, True, [FRIDAY, TUESDAY]),
        (TUESDAY, 9, False, [TUESDAY, FRIDAY]),
        (TUESDAY, 9, True, [TUESDAY, MONDAY]),
        (date(2026, 11, 18), 9, False, [FRIDAY]),
        (date(2026, 11, 18), 1, True, [TUESDAY]),
        (date(2026, 11, 21), 9, False, []),
    ],
)
def test_periods_come_in_the_order_of_their_days_from_one_on(  # noqa: PLR0913, PLR0917
    state: State,
    kept: Backfill,
    start: date | None,
    limit: int,
    newest_first: bool,  # noqa: FBT001
    days: list[date],
) -> None:
    with state.turn() as turn:
        found = turn.backfills.periods(kept.id, start, limit, newest_first=newest_first)

    assert [planned.period.first_day for planned in found] == days


def test_the_newest_are_those_that_were_planned_last(state: State, kept: Backfill) -> None:
    with state.turn() as turn:
        turn.backfills.save(replace(kept, id="b-0"))
        turn.backfills.save(replace(kept, id="a", planned_at=kept.planned_at + SECOND))

    with state.turn() as turn:
        assert [backfill.id for backfill in turn.backfills.newest(9)] == ["a", "b-1", "b-0"]
        assert [backfill.id for backfill in turn.backfills.newest(1)] == ["a"]


def test_what_is_undone_was_never_kept(state: State, kept: Backfill) -> None:
    def keep_and_fail() -> None:
        with state.turn() as turn:
            turn.backfills.save(replace(kept, done=1), [a_planned_period(date(2026, 11, 1))])
            turn.backfills.save(a_backfill("b-2"), [a_planned_period(MONDAY)])
            raise KeyError

    with pytest.raises(KeyError):
        keep_and_fail()

    with state.turn() as turn:
        assert turn.backfills.get("b-1") == kept
        assert turn.backfills.get("b-2") is None
        assert len(turn.backfills.periods("b-1", None, 9)) == 3
        assert list(turn.backfills.periods("b-2", None, 9)) == []


def test_work_at_its_runs_is_counted_until_they_have_ended(state: State) -> None:
    def of(run_id: str, work_id: str, run_state: RunState, parent: str = "b") -> RunRecord:
        return a_run(run_id, parent=parent, work_id=work_id, state=run_state)

    with state.turn() as turn:
        assert turn.backfills.in_flight("b") == InFlight(0, 0)
        turn.many_runs.add(
            [
                of("1", "shard#1", RunState.QUEUED),
                of("2", "shard#1", RunState.RUNNING),
                of("3", "shard#1", RunState.SUCCEEDED),
                of("4", "alone#1", RunState.RUNNING),
                of("5", "late#2", RunState.WAITING),
                of("6", "late#2", RunState.WAITING),
                of("7", "gone#1", RunState.CANCELLED),
                of("8", "dead#1", RunState.FAILED),
                of("9", "other#1", RunState.QUEUED, parent="another"),
            ]
        )

    with state.look() as turn:
        assert turn.backfills.in_flight("b") == InFlight(2, 1)
