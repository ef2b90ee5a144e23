"""Processes that only schedule, or only work: what is started of them, and in which order."""

import signal
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import pytest

from aegis_batch.adapters.inbound.serving.heartbeats import Heartbeats
from aegis_batch.adapters.inbound.serving.server import Limits, Parts, Served, Server
from aegis_batch.adapters.inbound.serving.stop_signals import StopSignals
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.domain.errors import StateUnavailable

AWAY = StateUnavailable("state_away", "It is away.", "Wait.")
LIMITS = Limits(
    drain_seconds=30, watchdog_seconds=3_600, notices_every_seconds=3_600, state_away_seconds=60
)


class Log:
    """What happened, in its order, and a heart that tells what it does."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def beat(self) -> float:
        self.told.append("heart")
        if self.told.count("heart") > 1:
            signal.raise_signal(signal.SIGTERM)
        return 0.0

    def stop(self) -> None:
        self.told.append("gone")

    def widen(self) -> None:
        self.told.append("widened")

    def sign(self) -> bool:
        self.told.append("alive")
        return True


class ToldQueue(InMemoryWorkQueue):
    """A queue that tells what it does."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        self._told.append("queue")
        super().start(carry_out)

    def stop(self, drain_seconds: float) -> Collection[str]:
        self._told.append("drained")
        return super().stop(drain_seconds)


def serve(log: Log, *, works: bool, heartbeats: Heartbeats) -> Served:
    parts = Parts(
        heart=log,
        heartbeats=heartbeats,
        queue=ToldQueue(log.told) if works else None,
        schedules=None,
        wanted=(),
        carry_out=lambda _, __: None,
        hand_back=lambda _: None,
        deliver_notices=None,
        clock=InMemoryClock(datetime(2026, 11, 22, tzinfo=UTC)),
        told={},
    )
    with StopSignals() as stop:
        return Server(parts, LIMITS, lambda _, __: None).serve(stop)


@pytest.mark.parametrize(
    ("works", "told"),
    [
        (True, ["alive", "heart", "queue", "heart", "drained", "gone"]),
        (False, ["alive", "heart", "heart", "gone"]),
    ],
)
def test_a_process_is_alive_before_it_does_anything_and_says_at_last_that_it_goes(
    *, works: bool, told: list[str]
) -> None:
    log = Log()

    served = serve(log, works=works, heartbeats=Heartbeats(log.sign, 3_600, lambda: None))

    assert served == Served(143, None, leaves_threads=False)
    assert log.told == told


def test_who_can_not_say_that_it_lives_takes_no_work() -> None:
    def fail() -> bool:
        raise AWAY

    log = Log()

    served = serve(log, works=True, heartbeats=Heartbeats(fail, 3_600, lambda: None))

    assert served.error is AWAY
    assert log.told == ["drained", "gone"]
