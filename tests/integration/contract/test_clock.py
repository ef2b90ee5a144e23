"""What every clock promises, for the machine's and the one in memory."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.application.ports.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

_EAST = timezone(timedelta(hours=9))


@pytest.fixture(
    params=[SystemClock, lambda: InMemoryClock(datetime(2026, 11, 22, 14, tzinfo=_EAST))],
    ids=["system", "memory"],
)
def clock(request: pytest.FixtureRequest) -> Clock:
    make: Callable[[], Clock] = request.param
    return make()


def test_the_present_is_an_instant_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_an_instant_that_was_told_does_not_move(clock: Clock) -> None:
    told = clock.now()
    written = told.isoformat()

    clock.now()

    assert told.isoformat() == written


def test_monotonic_time_never_goes_back(clock: Clock) -> None:
    readings = [clock.monotonic_seconds() for _ in range(1_000)]

    assert readings == sorted(readings)


def test_monotonic_time_never_goes_back_for_threads_that_share_a_clock(clock: Clock) -> None:
    def read(_: int) -> list[float]:
        return [clock.monotonic_seconds() for _ in range(200)]

    before = clock.monotonic_seconds()
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(read, range(8)))

    assert all(run == sorted(run) and run[0] >= before for run in runs)
    assert clock.monotonic_seconds() >= max(map(max, runs))


def test_seconds_are_floats_that_can_be_subtracted(clock: Clock) -> None:
    started = clock.monotonic_seconds()

    assert isinstance(started, float)
    assert 0 <= clock.monotonic_seconds() - started < 60


def test_the_clock_of_the_machine_tells_the_time_of_the_machine() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()

    assert before <= told <= datetime.now(UTC)
