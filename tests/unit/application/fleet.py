"""Several processes on one state, each with its signs of life and what it takes over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.hand_leases import HandLeases
from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Signs
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.ports.work_queue import CLOSES, Work
from aegis_batch.application.takeover import TakeOverUseCase

__all__ = ["NOON", "Fleet", "Hand", "Ship"]

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Fleet:
    """The state that all share, with its clock, and the work in it."""

    def __init__(self) -> None:
        self.clock = InMemoryClock(NOON)
        self.queue = InMemoryWorkQueue()
        self.queue.start(lambda _, __: None)
        self.state = InMemoryState(self.queue, self.clock.now)
        self.pulse = InMemoryPulse(self.state)
        self.sink = InMemoryMetricsSink()
        self.ledger = Ledger(self.state, self.clock, self.sink, InMemoryNotifier())

    def sail(self, seconds: float, *ships: "Ship") -> None:
        """Let time pass, in which these ships give signs of life."""
        for _ in range(round(seconds)):
            self.clock.advance(timedelta(seconds=1))
            for ship in ships:
                assert ship.heartbeat.beat()

    @contextmanager
    def stall(self, where: str, seconds: float) -> Iterator[None]:
        """Let the next ``look``, or the next turn before it begins or ``within`` it, take long."""
        state, pulse, turn_of, signs_of = self.state, self.pulse, self.state.turn, self.pulse.signs
        by = timedelta(seconds=seconds)

        def signs(limit: int) -> Signs:
            self.clock.advance(by)
            return signs_of(limit)

        @contextmanager
        def turn() -> Iterator[Turn]:
            if where == "begin":
                self.clock.advance(by)
            with turn_of() as opened:
                if where == "within":
                    self.clock.advance(by)
                yield opened

        with pytest.MonkeyPatch.context() as patch:
            if where == "look":
                patch.setattr(pulse, "signs", signs)
            else:
                patch.setattr(state, "turn", turn)
            yield

    def take(self, ship: "Ship", *work_ids: str) -> None:
        """Let a ship begin work."""
        with self.state.turn() as turn:
            for work_id in work_ids:
                turn.work.enqueue(
                    Work(id=work_id, run_id=work_id, lane=CLOSES, due_at=NOON, rank=1)
                )
        self.queue.take_due(self.clock.now(), ship.name)

    def living(self) -> set[str]:
        """Return who is living."""
        with self.state.look() as turn:
            return set(turn.executors.living())


class Hand:
    """A process that closes what a person asks for; ``warned`` is what it was told to tell."""

    def __init__(self, fleet: Fleet, name: str, state: State | None = None) -> None:
        self.name = name
        self.warned: list[str] = []
        self.ended = 0
        executor = Executor(
            name=name,
            role="hand",
            version="0.1.0",
            started_at=fleet.clock.now(),
            beaten_at=fleet.clock.now(),
            lease_seconds=30,
        )
        lease = ExecutorLease(fleet.clock, 30)
        self.heartbeat = Heartbeat(fleet.pulse, fleet.clock, lease, executor, is_alone=False)
        self.leases = HandLeases(
            fleet.state if state is None else state,
            fleet.pulse,
            self.heartbeat,
            self._begin,
            self._end,
            lambda error: self.warned.append(error.code),
        )

    def _begin(self) -> None:
        assert self.heartbeat.beat()

    def _end(self) -> None:
        self.ended += 1


class Ship:
    """A process."""

    def __init__(self, fleet: Fleet, name: str, *, is_alone: bool = False) -> None:
        self.name = name
        executor = Executor(
            name=name,
            role="worker",
            version="0.1.0",
            started_at=fleet.clock.now(),
            beaten_at=fleet.clock.now(),
            lease_seconds=30,
        )
        self.lease = ExecutorLease(fleet.clock, None if is_alone else 30)
        self.heartbeat = Heartbeat(
            fleet.pulse, fleet.clock, self.lease, executor, is_alone=is_alone
        )
        self.taking_over = TakeOverUseCase(
            fleet.ledger, fleet.pulse, fleet.clock, self.lease, replace(executor)
        )
