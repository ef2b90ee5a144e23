"""The process's own ports and the engine of the work queue, with the plan's faults."""

from collections.abc import Callable, Collection
from datetime import datetime

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Signs
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.events import Event
from tests.simulation.plan import Fault, Plan, ProcessDiedError

__all__ = [
    "FaultyClock",
    "FaultyIdentifiers",
    "FaultyMeter",
    "FaultyPulse",
    "FaultyQueue",
    "FaultySink",
]

_LOCKED = ("state_locked", "The plan has it so.", "Go on.")


class _Mortal:
    """A port at whose calls the process can die."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def _strike(self, point: str) -> bool:
        """Die before the call, or say whether to die after it."""
        fault = self._plan.draw(point)
        if fault is Fault.DIES_BEFORE:
            raise ProcessDiedError(point)
        if fault is Fault.LOCKED:
            raise StateUnavailable(*_LOCKED)
        return fault is Fault.DIES_AFTER


class FaultyClock(_Mortal):
    """The clock, which tells the time to a process that may be dead by then."""

    def __init__(self, plan: Plan, clock: InMemoryClock) -> None:
        """Take the clock itself."""
        super().__init__(plan)
        self._clock = clock

    def now(self) -> datetime:
        """Tell the time."""
        if self._strike("clock"):
            raise ProcessDiedError("clock")
        return self._clock.now()

    def monotonic_seconds(self) -> float:
        """Tell the seconds that have passed."""
        if self._strike("clock"):
            raise ProcessDiedError("clock")
        return self._clock.monotonic_seconds()


class FaultyIdentifiers(_Mortal):
    """Ids, some of which nobody ever uses."""

    def __init__(self, plan: Plan, identifiers: InMemoryIdentifiers) -> None:
        """Take the identifiers themselves."""
        super().__init__(plan)
        self._identifiers = identifiers

    def new_run_id(self) -> str:
        """Make a run's id."""
        dies = self._strike("identifiers")
        made = self._identifiers.new_run_id()
        if dies:
            raise ProcessDiedError("identifiers")
        return made

    def new_trace_id(self) -> str:
        """Make a trace id."""
        dies = self._strike("identifiers")
        made = self._identifiers.new_trace_id()
        if dies:
            raise ProcessDiedError("identifiers")
        return made


class FaultyMeter(_Mortal):
    """The meter of what work costs."""

    def __init__(self, plan: Plan) -> None:
        """Start a meter of its own: nothing is used."""
        super().__init__(plan)
        self._meter = InMemoryResourceMeter()

    def thread_cpu_seconds(self) -> float:
        """Tell the processor's time."""
        if self._strike("meter"):
            raise ProcessDiedError("meter")
        return self._meter.thread_cpu_seconds()

    def peak_memory_bytes(self) -> int:
        """Tell the memory."""
        if self._strike("meter"):
            raise ProcessDiedError("meter")
        return self._meter.peak_memory_bytes()


class FaultyPulse(_Mortal):
    """The signs of life."""

    def __init__(self, plan: Plan, pulse: InMemoryPulse) -> None:
        """Take the pulse itself."""
        super().__init__(plan)
        self._pulse = pulse

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep the first sign of life."""
        dies = self._strike("pulse")
        self._pulse.register(executor, renews=renews)
        if dies:
            raise ProcessDiedError("pulse")

    def beat(self, name: str) -> bool:
        """Keep a sign of life."""
        dies = self._strike("pulse")
        is_living = self._pulse.beat(name)
        if dies:
            raise ProcessDiedError("pulse")
        return is_living

    def stop(self, name: str) -> None:
        """Keep the last sign of life."""
        dies = self._strike("pulse")
        self._pulse.stop(name)
        if dies:
            raise ProcessDiedError("pulse")

    def forget(self, name: str) -> None:
        """Take an executor out of the registry."""
        self._pulse.forget(name)

    def signs(self, limit: int) -> Signs:
        """Return who gave signs of life."""
        return self._pulse.signs(limit)


class FaultyQueue(_Mortal):
    """The engine: it loses work, and hands work out again whose end it didn't hear of.

    ``is_broken`` says that it loses most of it for a while, as after a bad upgrade.
    """

    def __init__(
        self, plan: Plan, queue: InMemoryWorkQueue, reached: Callable[[str], None]
    ) -> None:
        """Take the queue itself."""
        super().__init__(plan)
        self._queue = queue
        self._reached = reached
        self._repeated: tuple[str, str] | None = None
        self.is_broken = False

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        """Take up work."""
        dies = self._strike("start")
        self._queue.start(lambda run_id, work_id: self._perform(carry_out, run_id, work_id))
        if dies:
            raise ProcessDiedError("start")

    def stop(self, drain_seconds: float) -> Collection[str]:
        """Hand back what has not ended."""
        dies = self._strike("stop")
        handed_back = self._queue.stop(drain_seconds)
        if dies:
            raise ProcessDiedError("stop")
        return handed_back

    def lost(self, work_ids: Collection[str]) -> Collection[str]:
        """Return what will never be carried out."""
        dies = self._strike("lost")
        lost = self._queue.lost(work_ids)
        if dies:
            raise ProcessDiedError("lost")
        return lost

    def widen(self) -> None:
        """Look for lanes that have come up."""
        self._queue.widen()

    def _perform(self, carry_out: Callable[[str, str], None], run_id: str, work_id: str) -> None:
        fault = self._plan.draw("perform")
        if fault is Fault.DIES_BEFORE:
            raise ProcessDiedError("perform")
        if fault is Fault.LOSES or (self.is_broken and self._plan.chance(0.8)):
            self._reached("work: lost")
            return
        if self._repeated is not None and fault is Fault.REPEATS:
            # An older piece of work, whose end was never written down.
            carry_out(*self._repeated)
        carry_out(run_id, work_id)
        self._repeated = (run_id, work_id)
        if fault is Fault.REPEATS:
            carry_out(run_id, work_id)
        if fault is Fault.DIES_AFTER:
            raise ProcessDiedError("perform")


class FaultySink(_Mortal):
    """Takes events into the simulation's record; the process can die while it tells."""

    def __init__(self, plan: Plan, record: Callable[[Event], None]) -> None:
        """Take where the events go."""
        super().__init__(plan)
        self._record = record

    def emit(self, event: Event) -> None:
        """Take one event."""
        dies = self._strike("emit")
        self._record(event)
        if dies:
            raise ProcessDiedError("emit")
