"""What everything that lets time pass promises."""

from datetime import UTC, datetime

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.pauses import InMemoryPauses
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.pauses import SystemPauses
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.pauses import Pauses


@pytest.fixture(params=["memory", "system"])
def clock_and_pauses(request: pytest.FixtureRequest) -> tuple[Clock, Pauses]:
    """A clock, and what lets its time pass."""
    if request.param == "system":
        return SystemClock(), SystemPauses()
    clock = InMemoryClock(datetime(2026, 11, 22, tzinfo=UTC))
    return clock, InMemoryPauses(clock)


@pytest.mark.parametrize("seconds", [0.0, 0.000_001, 0.02])
def test_it_is_so_much_later_by_the_steady_clock(
    clock_and_pauses: tuple[Clock, Pauses], seconds: float
) -> None:
    clock, pauses = clock_and_pauses
    before = clock.monotonic_seconds()

    pauses.pause(seconds)

    assert clock.monotonic_seconds() - before >= seconds
