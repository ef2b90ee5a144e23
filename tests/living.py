"""Signs of life as a test wants them."""

from dataclasses import replace
from datetime import UTC, datetime

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Pulse

__all__ = ["a_heartbeat", "pulse_of"]


def pulse_of(*executors: Executor) -> InMemoryPulse:
    """Return a pulse with the last signs of executors, and a clock of its own."""
    clock = InMemoryClock(datetime(2026, 11, 22, tzinfo=UTC))
    state = InMemoryState(InMemoryWorkQueue(), clock.now)
    pulse = InMemoryPulse(state)
    for each in executors:
        clock.set(each.beaten_at)
        pulse.register(replace(each, lease_seconds=0 if each.buried else each.lease_seconds))
        if each.buried:
            with state.turn() as turn:
                turn.executors.bury_silent(1)
        if each.stopped:
            pulse.stop(each.name)
    return pulse


def a_heartbeat(
    pulse: Pulse,
    clock: Clock,
    name: str = "machine-1",
    version: str = "1.2.3",
    lease_seconds: float | None = None,
) -> Heartbeat:
    """Return the signs of life of a process that is alone, unless there is a lease."""
    now = clock.now()
    executor = Executor(
        name=name,
        role="serve",
        version=version,
        started_at=now,
        beaten_at=now,
        lease_seconds=lease_seconds or 30.0,
    )
    lease = ExecutorLease(clock, lease_seconds)
    return Heartbeat(pulse, clock, lease, executor, is_alone=lease_seconds is None)
