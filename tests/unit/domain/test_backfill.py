"""Backfills: which periods a range holds, what is done with each, and when a plan is outdated."""

from datetime import UTC, date, datetime, timedelta

import pytest

from aegis_batch.domain.backfill import (
    PERIODS_MAX,
    Backfill,
    Deed,
    PeriodStanding,
    PlannedTenant,
    Reprocess,
    deed_for,
    has_changed,
    periods_between,
)
from aegis_batch.domain.calendar import PeriodKind

OPEN, UNASKED = PeriodStanding.OPEN, PeriodStanding.UNASKED
CLOSED, IN_FLIGHT, DEAD = PeriodStanding.CLOSED, PeriodStanding.IN_FLIGHT, PeriodStanding.DEAD
DOUBTED = PeriodStanding.DOUBTED
FIRST = date(2026, 1, 5)


@pytest.mark.parametrize(
    ("kind", "last", "days"),
    [
        (PeriodKind.DAY, date(2026, 1, 7), ["2026-01-05", "2026-01-06", "2026-01-07"]),
        (PeriodKind.DAY, FIRST, ["2026-01-05"]),
        (PeriodKind.DAY, date(2026, 1, 4), []),
        (PeriodKind.WEEK, date(2026, 1, 11), ["2026-01-05"]),
        (PeriodKind.WEEK, date(2026, 1, 12), ["2026-01-05", "2026-01-12"]),
        (PeriodKind.MONTH, date(2026, 3, 1), ["2026-01-01", "2026-02-01", "2026-03-01"]),
    ],
)
def test_a_range_holds_each_period_of_which_it_holds_a_day(
    kind: PeriodKind, last: date, days: list[str]
) -> None:
    found = periods_between(kind, FIRST, last)

    assert [str(period.first_day) for period in found] == days


def test_a_range_without_end_stops_one_period_above_the_limit() -> None:
    found = periods_between(PeriodKind.DAY, date(1, 1, 1), date(9999, 12, 30))

    assert len(found) == PERIODS_MAX + 1


@pytest.mark.parametrize(
    ("reprocess", "deeds"),
    [
        (Reprocess.NONE, {CLOSED: Deed.LEAVE, DOUBTED: Deed.LEAVE, DEAD: Deed.LEAVE}),
        (Reprocess.FAILED, {CLOSED: Deed.LEAVE, DOUBTED: Deed.REPLAY, DEAD: Deed.REPLAY}),
        (Reprocess.ALL, {CLOSED: Deed.REBUILD, DOUBTED: Deed.REBUILD, DEAD: Deed.REPLAY}),
    ],
)
def test_what_is_open_is_closed_and_all_else_goes_by_what_is_to_be_done_again(
    reprocess: Reprocess, deeds: dict[PeriodStanding, Deed]
) -> None:
    wanted = {OPEN: Deed.CLOSE, UNASKED: Deed.CLOSE, IN_FLIGHT: Deed.LEAVE, **deeds}

    assert {each: deed_for(each, reprocess) for each in PeriodStanding} == wanted


def test_a_plan_is_outdated_by_another_standing_but_not_by_a_backend_that_is_silent() -> None:
    changed = {
        (before, now)
        for before in PeriodStanding
        for now in PeriodStanding
        if has_changed(before, now)
    }

    unlike = {(before, now) for before in PeriodStanding for now in PeriodStanding} - {
        (each, each) for each in PeriodStanding
    }
    assert changed == unlike - {(OPEN, UNASKED), (CLOSED, UNASKED), (DOUBTED, UNASKED)}


def test_a_tenants_periods_stand_as_their_stretches_say() -> None:
    tenant = PlannedTenant(0, "a", None, 3, ((None, 2), (OPEN, 1), (CLOSED, 2)))

    standings = [tenant.standing_at(place) for place in range(6)]

    assert standings == [None, None, OPEN, CLOSED, CLOSED, None]


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_is_behind_goes_by_the_order(*, newest_first: bool) -> None:
    backfill = Backfill(
        id="b",
        tenant="default",
        kind=PeriodKind.DAY,
        first_day=FIRST,
        last_day=FIRST,
        reprocess=Reprocess.NONE,
        newest_first=newest_first,
        max_active=1,
        planned_by="ana",
        planned_at=datetime(2026, 1, 6, tzinfo=UTC),
        backend="memory",
        to_do=9,
        next_day=FIRST,
        done=3,
        failed=2,
        skipped=1,
    )
    day = timedelta(days=1)

    assert backfill.remaining == 3
    assert [backfill.is_behind(FIRST + step) for step in (-day, 0 * day, day)] == [
        not newest_first,
        False,
        newest_first,
    ]
