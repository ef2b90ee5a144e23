"""What one question tells of another machine's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.domain.clock_skew import ClockSample

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("shown", "skew_seconds"),
    [(0.0, 0.0), (1.5, 0.0), (3.0, 0.0), (3.5, 0.5), (63.0, 60.0), (-0.5, -0.5), (-60.0, -60.0)],
)
def test_a_clock_is_wrong_only_beyond_the_time_that_the_answer_took(
    shown: float, skew_seconds: float
) -> None:
    assert ClockSample(at(0), at(shown), at(3)).skew_seconds == skew_seconds


@pytest.mark.parametrize(("shown", "skew_seconds"), [(-1, 0.0), (-3, -2.0), (3, 0.0), (5, 2.0)])
def test_a_date_that_is_cut_off_to_a_second_may_be_up_to_a_second_later(
    shown: float, skew_seconds: float
) -> None:
    sample = ClockSample(at(0), at(shown), at(3), timedelta(seconds=1))

    assert sample.skew_seconds == skew_seconds
