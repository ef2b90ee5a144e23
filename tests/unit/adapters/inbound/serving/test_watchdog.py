"""The watchdog: it bites what hangs, and nothing else."""

import threading
from datetime import UTC, datetime

import pytest

from aegis_batch.adapters.inbound.serving.watchdog import Watchdog
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
PATIENCE_SECONDS = 30.0


class SteppingClock(InMemoryClock):
    """A clock that goes on by a step each time the watchdog looks at it, and tells of each look."""

    def __init__(self, step_seconds: float) -> None:
        super().__init__(NOW)
        self._step_seconds = step_seconds
        self._seconds = 0.0
        self.looks = threading.Semaphore(0)

    def monotonic_seconds(self) -> float:
        self._seconds += self._step_seconds
        self.looks.release()
        return self._seconds

    def wait_for(self, looks: int) -> None:
        for _ in range(looks):
            assert self.looks.acquire(timeout=PATIENCE_SECONDS)


class HeldClock(SteppingClock):
    """A clock that lets the watchdog look only as often as the test says; then time stands."""

    def __init__(self, step_seconds: float) -> None:
        super().__init__(step_seconds)
        self._leave = threading.Semaphore(0)

    def monotonic_seconds(self) -> float:
        assert self._leave.acquire(timeout=PATIENCE_SECONDS)
        return super().monotonic_seconds()

    def let_look(self, times: int) -> None:
        for _ in range(times):
            self._leave.release()
            self.wait_for(1)

    def stand_still(self) -> None:
        self._step_seconds = 0.0
        self._leave.release(1_000_000)


class Bite:
    """What a watchdog is to call, and what it was called with."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []
        self._bitten = threading.Event()

    def __call__(self, seconds: float, place: str) -> None:
        self.told.append((seconds, place))
        self._bitten.set()

    def wait(self) -> None:
        assert self._bitten.wait(PATIENCE_SECONDS)


@pytest.fixture
def bite() -> Bite:
    return Bite()


def test_who_ticks_no_more_is_bitten_once_with_the_place_where_it_is(bite: Bite) -> None:
    with Watchdog(0.1, SteppingClock(0.01), bite):
        bite.wait()

    [(seconds, place)] = bite.told
    assert 0.1 < seconds < 0.2
    module, _, line = place.rpartition(":")
    assert module
    assert int(line) > 0


def test_who_ticks_is_left_alone(bite: Bite) -> None:
    clock = HeldClock(0.01)
    with Watchdog(0.1, clock, bite) as watchdog:
        for _ in range(15):
            clock.let_look(3)
            watchdog.tick()
        clock.stand_still()

    assert bite.told == []


def test_what_is_known_to_take_long_gets_its_time(bite: Bite) -> None:
    clock = SteppingClock(0.01)
    with Watchdog(0.1, clock, bite) as watchdog:
        watchdog.allow(1_000)
        clock.wait_for(30)
        assert bite.told == []
        watchdog.allow(0)
        bite.wait()


def test_a_frozen_process_that_wakes_gets_its_time_to_tick(bite: Bite) -> None:
    clock = HeldClock(10_000)
    with Watchdog(0.1, clock, bite) as watchdog:
        # Each look seems to come hours after the last: three of them are not taken for the limit.
        for _ in range(10):
            clock.let_look(3)
            watchdog.tick()
        clock.stand_still()

    assert bite.told == []
