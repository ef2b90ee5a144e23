"""What many runs come to."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_statistics import (
    JobStatistics,
    Percentiles,
    Prices,
    RunFigures,
    begin_of_comparison,
    statistics_of,
)

DAY = date(2026, 11, 1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
A_CLOSE = RunFigures(
    run_id="r",
    job=JobKind.CLOSE,
    tenant="default",
    period=Period(PeriodKind.DAY, DAY),
    state=RunState.SUCCEEDED,
    enqueued_at=NOON,
    started_at=NOON + timedelta(seconds=2),
    duration_ms=1_000.0,
    cpu_seconds=0.25,
    requests=2,
    orders=7,
)


def closes(*durations_ms: float) -> list[RunFigures]:
    """Return the closes of successive days."""
    return [
        replace(
            A_CLOSE,
            run_id=f"r{ahead}",
            period=Period(PeriodKind.DAY, DAY + timedelta(days=ahead)),
            duration_ms=duration_ms,
        )
        for ahead, duration_ms in enumerate(durations_ms)
    ]


def only(figures: list[RunFigures], prices: Prices | None = None) -> JobStatistics:
    (found,) = statistics_of(figures, prices)
    return found


@pytest.mark.parametrize(
    ("count", "expected"), [(1, (1, 1, 1)), (2, (1, 2, 2)), (100, (50, 95, 99)), (99, (50, 95, 99))]
)
def test_percentiles_are_of_the_durations_themselves_by_the_nearest_rank(
    count: int, expected: tuple[int, int, int]
) -> None:
    found = Percentiles.of(float(number) for number in reversed(range(1, count + 1)))

    assert found == Percentiles(*map(float, expected))


@given(st.lists(st.floats(0, 1e9), min_size=1))
def test_at_least_so_many_lie_at_or_below_each_percentile(durations: list[float]) -> None:
    found = Percentiles.of(durations)

    assert found is not None
    for share, value in ((50, found.p50), (95, found.p95), (99, found.p99)):
        assert value in durations
        assert sum(duration <= value for duration in durations) * 100 >= share * len(durations)
        assert sum(duration < value for duration in durations) * 100 < share * len(durations)


def test_of_no_runs_there_are_no_statistics_and_of_no_durations_no_percentiles() -> None:
    assert statistics_of([], None) == ()
    assert Percentiles.of([]) is None
    queued = replace(A_CLOSE, state=RunState.QUEUED, started_at=None, duration_ms=None)
    found = only([replace(queued, cpu_seconds=None, requests=None)])
    assert (found.success_rate, found.duration_ms, found.queued_ms) == (None, None, None)
    assert (found.cpu_seconds, found.requests, found.cost) == (0.0, 0, None)


def test_runs_are_counted_by_job_and_state_and_only_what_ended_counts_for_success() -> None:
    figures = [
        A_CLOSE,
        replace(A_CLOSE, state=RunState.FAILED),
        replace(A_CLOSE, state=RunState.FAILED),
        replace(A_CLOSE, state=RunState.CANCELLED),
        replace(A_CLOSE, state=RunState.WAITING),
        replace(A_CLOSE, job=JobKind.NIGHT),
    ]

    close, night = statistics_of(figures, None)

    assert (close.job, close.runs, night.job, night.runs) == (
        JobKind.CLOSE,
        5,
        JobKind.NIGHT,
        1,
    )
    assert close.states == {
        RunState.WAITING: 1,
        RunState.SUCCEEDED: 1,
        RunState.FAILED: 2,
        RunState.CANCELLED: 1,
    }
    assert close.success_rate == 1 / 3
    assert close.queued_ms == Percentiles(2_000.0, 2_000.0, 2_000.0)


def test_days_weeks_and_months_are_counted_apart() -> None:
    week = replace(A_CLOSE, period=Period.holding(PeriodKind.WEEK, DAY), duration_ms=9_000.0)
    night = replace(A_CLOSE, job=JobKind.NIGHT)

    found = statistics_of([week, night, A_CLOSE, A_CLOSE], None)

    assert [(group.job, group.kind, group.runs) for group in found] == [
        (JobKind.CLOSE, PeriodKind.DAY, 2),
        (JobKind.CLOSE, PeriodKind.WEEK, 1),
        (JobKind.NIGHT, None, 1),
    ]
    assert [group.duration_ms and group.duration_ms.p99 for group in found[:2]] == [1_000, 9_000]


def test_the_cost_is_exact_in_the_prices() -> None:
    prices = Prices(Decimal("0.00001"), Decimal("0.000002"))

    assert only([A_CLOSE, A_CLOSE], prices).cost == Decimal("0.000013")
    assert only([A_CLOSE], Prices(Decimal(0), Decimal("1e-30"))).cost == Decimal("2e-30")


def test_a_close_of_more_than_twice_the_usual_is_slow() -> None:
    figures = closes(*[1_000.0] * 7, 2_000.0, 2_000.1, 1_000.0)

    (slow,) = only(figures).slow

    assert (slow.run_id, slow.duration_ms, slow.usual_ms, slow.orders) == (
        "r8",
        2_000.1,
        1_000.0,
        7,
    )


@pytest.mark.parametrize(
    "durations",
    [
        # Too few to compare with, and too short to say anything.
        [1_000.0] * 6 + [9_000.0],
        [100.0] * 9 + [499.0],
    ],
)
def test_what_says_little_is_not_called_slow(durations: list[float]) -> None:
    assert only(closes(*durations)).slow == ()


def test_each_tenant_and_kind_of_period_is_compared_with_its_own() -> None:
    slow = closes(*[1_000.0] * 7, 5_000.0)[-1]
    before = closes(*[1_000.0] * 7)

    def found(last: RunFigures) -> int:
        return sum(len(group.slow) for group in statistics_of([*before, last], None))

    assert found(slow) == 1
    assert found(replace(slow, tenant="another")) == 0
    assert found(replace(slow, period=Period.holding(PeriodKind.WEEK, slow.period.first_day))) == 0
    assert found(replace(slow, state=RunState.FAILED)) == 0
    assert found(replace(slow, duration_ms=None)) == 0
    assert only([replace(run, job=JobKind.NIGHT) for run in [*before, slow]]).slow == ()


def test_only_the_last_28_days_are_usual_and_the_newest_ten_are_shown() -> None:
    growing = [1_000.0 * 3**step for step in range(14) for _ in range(15)]

    found = only(closes(*growing)).slow

    assert len(found) == 10
    assert [close.period.first_day for close in found] == sorted(
        (close.period.first_day for close in found), reverse=True
    )


def test_closes_before_the_range_are_compared_with_and_count_for_nothing_else() -> None:
    *before, slow = closes(*[1_000.0] * 7, 5_000.0)

    (found,) = statistics_of([slow], None, before)
    (too_few,) = statistics_of([slow], None, before[1:])
    (another,) = statistics_of([slow], None, [replace(run, job=JobKind.REBUILD) for run in before])

    assert [close.run_id for close in found.slow] == ["r7"]
    assert (found.runs, found.requests) == (1, 2)
    assert (too_few.slow, another.slow) == ((), ())


def test_the_comparison_begins_28_of_the_longest_periods_before_the_range() -> None:
    def begins(*kinds: PeriodKind, first_day: date = DAY) -> int:
        figures = [replace(A_CLOSE, period=Period.holding(kind, DAY)) for kind in kinds]
        return (first_day - begin_of_comparison(figures, first_day)).days

    assert begins() == 0
    assert begins(PeriodKind.DAY) == 28
    assert begins(PeriodKind.DAY, PeriodKind.WEEK) == 28 * 7
    assert begins(PeriodKind.MONTH) == 28 * 31
    assert begins(PeriodKind.DAY, first_day=date(1, 1, 3)) == 2
