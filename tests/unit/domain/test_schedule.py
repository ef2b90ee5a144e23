"""Schedules: what belongs to each kind, and a jitter that is always the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing

NOMINAL = datetime(2026, 11, 22, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIGHTLY = Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone="America/Sao_Paulo")
FITTING: dict[ScheduleKind, dict[str, Any]] = {
    ScheduleKind.CRON: {"cron": "0 2 * * *", "zone": "UTC"},
    ScheduleKind.FIXED_RATE: {"every": HOUR},
    ScheduleKind.FIXED_DELAY: {"every": HOUR},
    ScheduleKind.ONE_TIME: {"at": NOMINAL},
}


@pytest.mark.parametrize("kind", ScheduleKind)
def test_each_kind_takes_what_belongs_to_it(kind: ScheduleKind) -> None:
    assert Timing(kind, **FITTING[kind]).kind is kind


@pytest.mark.parametrize("kind", ScheduleKind)
def test_each_kind_refuses_to_lack_any_of_it(kind: ScheduleKind) -> None:
    for field in FITTING[kind]:
        with pytest.raises(ValueError, match=kind):
            Timing(kind, **{**FITTING[kind], field: None})


@pytest.mark.parametrize("kind", ScheduleKind)
def test_each_kind_refuses_what_belongs_to_another(kind: ScheduleKind) -> None:
    others = {"cron": "0 2 * * *", "zone": "UTC", "every": HOUR, "at": NOMINAL}
    for field in others.keys() - FITTING[kind].keys():
        with pytest.raises(ValueError, match=kind):
            Timing(kind, **{**FITTING[kind], field: others[field]})


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=-1)])
def test_a_rate_must_go_forward(every: timedelta) -> None:
    with pytest.raises(ValueError, match=str(every)):
        Timing(ScheduleKind.FIXED_RATE, every=every)


def test_without_a_jitter_a_firing_is_on_time() -> None:
    assert Schedule("a", JobKind.NIGHT, NIGHTLY).jitter(NOMINAL) == timedelta(0)


@given(st.integers(1, 3_600), st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 - made UTC below
def test_jitter_is_within_its_bound_and_a_function_of_name_and_time(
    bound_seconds: int, naive: datetime
) -> None:
    nominal = naive.replace(tzinfo=UTC)
    schedule = Schedule("a", JobKind.NIGHT, NIGHTLY, jitter_max_seconds=bound_seconds)
    again = Schedule("a", JobKind.DEADLINE, NIGHTLY, jitter_max_seconds=bound_seconds)

    assert timedelta(0) <= schedule.jitter(nominal) <= timedelta(seconds=bound_seconds)
    assert schedule.jitter(nominal) == again.jitter(nominal)


def test_jitter_spreads_schedules_and_nights_apart() -> None:
    nights = [NOMINAL + timedelta(days=place) for place in range(50)]
    spread = {
        Schedule(name, JobKind.NIGHT, NIGHTLY, jitter_max_seconds=3_600).jitter(night)
        for name in ("a", "b")
        for night in nights
    }

    assert len(spread) > 90
