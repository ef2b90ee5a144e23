"""Nominal times that people can name."""

from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.application.timings import Timings, whole_second
from aegis_batch.domain.schedule import ScheduleKind, Timing

NOW = datetime(2026, 11, 22, 5, 0, 0, 371_464, tzinfo=UTC)


@pytest.mark.parametrize("kind", [ScheduleKind.FIXED_RATE, ScheduleKind.FIXED_DELAY])
def test_a_schedule_made_within_a_second_fires_on_whole_ones(kind: ScheduleKind) -> None:
    timing = Timing(kind, every=timedelta(seconds=10))

    first = Timings(SystemCron()).first(timing, NOW)

    assert first == datetime(2026, 11, 22, 5, 0, 11, tzinfo=UTC)


def test_a_whole_second_stays_as_it_is() -> None:
    assert whole_second(NOW.replace(microsecond=0)) == NOW.replace(microsecond=0)
