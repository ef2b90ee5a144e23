"""Statistics of a range of business days."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.stats import StatsUseCase
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.run_statistics import Prices
from tests.unit.application.office import DAY, HOUR, NIGHTLY, NOON, ONE_DAY, Office

NIGHT = NOON + 14 * HOUR


def a_week() -> tuple[Office, StatsUseCase]:
    office = Office([NIGHTLY])
    office.live_until(NIGHT + 6 * ONE_DAY)
    prices = Prices(Decimal(1), Decimal(0))
    return office, StatsUseCase(office.state, office.clock, office.expectation.calendar, prices)


def test_both_dates_are_included() -> None:
    _, stats = a_week()

    found = stats.stats(DAY + timedelta(days=1), DAY + timedelta(days=3))

    runs = {job.job: job.runs for job in found.jobs}
    assert runs == {JobKind.CLOSE: 3, JobKind.NIGHT: 3}
    assert found.jobs[0].states == {RunState.SUCCEEDED: 3}
    assert not found.is_cut


def test_a_slow_close_is_found_by_those_before_the_range_too() -> None:
    office, stats = a_week()
    with office.state.turn() as turn:
        runs = [run for run in turn.runs.search(RunFilter(), 100) if run.job is JobKind.CLOSE]
        last = max(run.key.period.first_day for run in runs)
        for run in runs:
            is_last = run.key.period.first_day == last
            turn.runs.save(replace(run, duration_ms=5_000.0 if is_last else 1_000.0))
            if run.key.period.first_day == last - timedelta(days=1):
                turn.runs.add(replace(run, id="by-hand", duration_ms=1_000.0))

    found = stats.stats(last, last)

    assert [close.period.first_day for job in found.jobs for close in job.slow] == [last]
    assert {job.runs for job in found.jobs} == {1}


def test_without_dates_it_is_the_last_thirty_days() -> None:
    office, stats = a_week()

    found = stats.stats(None, None)

    today = office.expectation.calendar.business_date(office.clock.now())
    assert (found.last_day, found.last_day - found.first_day) == (today, timedelta(days=29))
    assert [job.runs for job in found.jobs] == [7, 7]


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    _, stats = a_week()

    with pytest.raises(InvalidRequest) as caught:
        stats.stats(DAY, DAY - timedelta(days=1))

    assert caught.value.code == "empty_range"


def test_more_runs_than_are_looked_at_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _, stats = a_week()
    monkeypatch.setattr("aegis_batch.application.stats.RUNS_MAX", 13)

    found = stats.stats(None, None)

    assert found.is_cut
    assert sum(job.runs for job in found.jobs) == 13
