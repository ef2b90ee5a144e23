"""The clock, the state and the engine as one of several processes has them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Signs
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.ports.work_queue import Work
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.events import Event
from tests.simulation.fleet.queue import SharedQueue
from tests.simulation.fleet.stage import Life, Stage
from tests.simulation.plan import Fault, Plan, ProcessDiedError
from tests.simulation.watched_state import Changes, FaultyState

__all__ = ["Calls", "FleetClock", "FleetPulse", "FleetSink", "FleetState", "perform"]

_LOCKED = ("state_locked", "The plan has it so.", "Go on.")
_DEATHS = (Fault.DIES_BEFORE, Fault.DIES_AFTER)


class Calls:
    """What the calls of one process have in common: at each it may wait, freeze or die.

    ``lease_seconds`` is for how long it counts as living without a sign of life.
    """

    def __init__(self, stage: Stage, plan: Plan, life: Life, lease_seconds: float) -> None:
        """Take where threads are driven, the plan, and whose calls they are."""
        self.stage = stage
        self.plan = plan
        self.life = life
        self._lease_seconds = lease_seconds

    def strike(self, point: str) -> Fault | None:
        """Draw a fault, and return it after the process has waited or woken."""
        self.stage.pause()
        fault = self.plan.draw(point)
        if fault is Fault.DIES_BEFORE:
            raise ProcessDiedError(point)
        if fault is Fault.FREEZES:
            self.freeze()
        self.stage.pause()
        return fault

    def freeze(self) -> None:
        """Freeze the process, from its next pause on, about as long as its lease or longer."""
        share = self.plan.random.uniform(0.3, 3.0)
        self.stage.freeze(self.life, self._lease_seconds * share)

    def end(self, point: str, fault: Fault | None) -> None:
        """Let the process die after a call, or somebody else go on."""
        if fault is Fault.DIES_AFTER:
            raise ProcessDiedError(point)
        self.stage.pause()

    def take_time(self, likely: float, seconds_max: float) -> None:
        """Let a call to the outside take some time."""
        if self.plan.random.random() < likely:
            self.stage.sleep(self.plan.random.uniform(0.01, seconds_max))


class FleetClock:
    """The clock, of which is known when a process looked at its steady side last."""

    def __init__(self, calls: Calls, clock: InMemoryClock) -> None:
        """Take the clock itself."""
        self._calls = calls
        self._clock = clock

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock.now()

    def monotonic_seconds(self) -> float:
        """Tell the seconds that have passed; somebody else may go on right after."""
        seconds = self._clock.monotonic_seconds()
        self._calls.life.looked_seconds = seconds
        return seconds


class FleetState(FaultyState):
    """The state that several processes share; a turn on it is one moment for all of them."""

    def __init__(
        self,
        calls: Calls,
        state: InMemoryState,
        clock: InMemoryClock,
        committed: Callable[[Life, Changes], None],
        is_down: Callable[[], bool],
    ) -> None:
        """Take the state, whom to tell of commits, and what says that nobody reaches it."""

        def tell(changes: Changes) -> None:
            committed(calls.life, changes)

        super().__init__(state, calls.plan, clock, tell, lambda: None)
        self._calls = calls
        self._is_down = is_down

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Open a turn, unless a fault comes in between."""
        self._calls.stage.pause()
        with self._calls.stage.atomic(), super().turn() as turn:
            yield turn
        self._calls.stage.pause()

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open what only reads."""
        self._calls.stage.pause()
        self._be_there()
        with self._calls.stage.atomic(), super().look() as turn:
            yield turn

    def _begin(self, fault: Fault | None) -> None:
        self._be_there()
        if fault is Fault.FREEZES:
            # Right after the commit: for all others a turn is one moment.
            self._calls.freeze()
        if fault is Fault.DIES_BEFORE:
            raise ProcessDiedError("turn")
        if fault is Fault.LOCKED:
            raise StateUnavailable(*_LOCKED)

    def _be_there(self) -> None:
        if self._is_down():
            raise StateUnavailable(*_LOCKED)


class FleetPulse:
    """The signs of life of one process."""

    def __init__(
        self,
        calls: Calls,
        pulse: InMemoryPulse,
        is_down: Callable[[], bool],
        beaten: Callable[[], None],
    ) -> None:
        """Take the pulse itself, what says that nobody reaches it, and whom to tell of signs."""
        self._beaten = beaten
        self._calls = calls
        self._pulse = pulse
        self._is_down = is_down

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep the first sign of life."""
        self._be_there()
        self._pulse.register(executor, renews=renews)
        self._beaten()

    def beat(self, name: str) -> bool:
        """Keep a sign of life."""
        self._be_there()
        is_living = self._pulse.beat(name)
        if is_living:
            self._beaten()
        return is_living

    def stop(self, name: str) -> None:
        """Keep the last sign of life."""
        self._be_there()
        self._pulse.stop(name)

    def forget(self, name: str) -> None:
        """Take an executor out of the registry."""
        self._be_there()
        self._pulse.forget(name)

    def signs(self, limit: int) -> Signs:
        """Return who gave signs of life."""
        self._be_there()
        return self._pulse.signs(limit)

    def _be_there(self) -> None:
        self._calls.stage.pause()
        if self._is_down():
            raise StateUnavailable(*_LOCKED)


class FleetSink:
    """Takes the events of one process."""

    def __init__(self, calls: Calls, record: Callable[[Event], None]) -> None:
        """Take where the events go."""
        self._calls = calls
        self._record = record

    def emit(self, event: Event) -> None:
        """Take one event."""
        fault = self._calls.strike("emit")
        self._record(event)
        self._calls.end("emit", fault)


def perform(calls: Calls, queue: SharedQueue, work: Work, others: list[SharedQueue]) -> str | None:
    """Have work carried out, or lost, or given to two at once; return what befell it."""
    fault = calls.plan.draw("perform")
    if fault is Fault.DIES_BEFORE:
        raise ProcessDiedError("perform")
    if fault is Fault.LOSES:
        queue.lose(work)
        return "work: lost"
    if fault is Fault.REPEATS:
        for other in others:
            other.doubled.append(work)
    try:
        queue.perform(work)
    except StateUnavailable:
        queue.lose(work)
        return "work: lost to the state"
    if fault is Fault.DIES_AFTER:
        raise ProcessDiedError("perform")
    return None
