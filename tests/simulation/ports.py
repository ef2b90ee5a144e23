"""The program's ports with the plan's faults at every call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.application.ports.state import Turn
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import (
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    NoticeUndelivered,
    OrdersMisfit,
    OrdersUnreachable,
    StateUnavailable,
)
from aegis_batch.domain.events import Event
from aegis_batch.domain.notice import Notice, NoticeKind
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run
from tests.simulation.plan import Fault, Plan, ProcessDiedError

__all__ = ["FaultyGateway", "FaultyNotifier", "FaultyOrders", "FaultySink", "FaultyState"]

_SAFE = ("made up", "The plan has it so.", "Go on.")


def _struck(plan: Plan, clock: InMemoryClock, point: str, *further: Fault) -> Fault | None:
    """Draw a fault, having died or waited where the plan has that."""
    fault = plan.draw(point, Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.LATE, *further)
    if fault is Fault.DIES_BEFORE:
        raise ProcessDiedError(point)
    if fault is Fault.LATE:
        clock.advance(plan.between(timedelta(seconds=1), timedelta(seconds=90)))
    return fault


def _end(fault: Fault | None, point: str) -> None:
    if fault is Fault.DIES_AFTER:
        raise ProcessDiedError(point)


class FaultyGateway:
    """A Backend that is away, slow, forgetful or refuses, as the plan has it."""

    can_find = True

    def __init__(self, backend: InMemoryReportGateway, plan: Plan, clock: InMemoryClock) -> None:
        """Take the Backend itself; ``down_until_seconds`` of the monotonic clock it is away."""
        self._backend = backend
        self._plan = plan
        self._clock = clock
        self.down_until_seconds = 0.0

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Ask the Backend, unless a fault comes in between."""
        self._be_down()
        fault = _struck(
            self._plan, self._clock, "find", Fault.UNAVAILABLE, Fault.STALE, Fault.REFUSED
        )
        if fault is Fault.UNAVAILABLE:
            raise BackendUnavailable(*_SAFE)
        if fault is Fault.REFUSED:
            raise BackendRefused(*_SAFE, status=403)
        found = self._backend.find(run, once=once)
        _end(fault, "find")
        return None if fault is Fault.STALE else found

    def submit(self, run: Run, report: Report) -> Receipt:
        """Hand a report over, unless a fault comes in between."""
        self._be_down()
        fault = _struck(
            self._plan,
            self._clock,
            "submit",
            Fault.UNAVAILABLE,
            Fault.LOST_AFTER_COMMIT,
            Fault.LOST_BEFORE_COMMIT,
            Fault.REFUSED,
        )
        if fault is Fault.UNAVAILABLE:
            raise BackendUnavailable(*_SAFE, status=503, attempts=3)
        if fault is Fault.REFUSED:
            raise BackendRefused(*_SAFE, status=422, attempts=1)
        if fault is Fault.LOST_BEFORE_COMMIT:
            raise AnswerLost(*_SAFE, status=None, attempts=3)
        receipt = self._backend.submit(run, report)
        if fault is Fault.LOST_AFTER_COMMIT:
            raise AnswerLost(*_SAFE, status=None, attempts=3)
        _end(fault, "submit")
        return receipt

    def _be_down(self) -> None:
        if self._clock.monotonic_seconds() < self.down_until_seconds:
            self._plan.struck["backend: down for long"] += 1
            raise BackendUnavailable(*_SAFE)


class FaultyOrders:
    """The orders' database, which can be away, break off, or have changed its columns."""

    def __init__(
        self,
        plan: Plan,
        clock: InMemoryClock,
        reader: InMemoryOrderReader,
        on_read: Callable[[Window], None],
    ) -> None:
        """Take the reader, and whom to tell of each read that is about to be made."""
        self._plan = plan
        self._clock = clock
        self._reader = reader
        self._on_read = on_read

    def read(self, window: Window, tolerance: Decimal) -> Reading:
        """Read, unless a fault comes in between."""
        fault = _struck(
            self._plan,
            self._clock,
            "read",
            Fault.UNAVAILABLE,
            Fault.BREAKS_OFF,
            Fault.MISFIT,
        )
        if fault is Fault.UNAVAILABLE:
            raise OrdersUnreachable(*_SAFE)
        if fault is Fault.MISFIT:
            raise OrdersMisfit(*_SAFE)
        self._on_read(window)
        reading = self._reader.read(window, tolerance)
        if fault is Fault.BREAKS_OFF:
            raise OrdersUnreachable(*_SAFE)
        _end(fault, "read")
        return reading


class FaultyState:
    """The state, which can be locked or full, and before and after whose commits one can die."""

    def __init__(self, state: InMemoryState, plan: Plan) -> None:
        """Take the state itself."""
        self._state = state
        self._plan = plan

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Open a turn, unless a fault comes in between."""
        fault = self._plan.draw(
            "turn",
            Fault.DIES_BEFORE,
            Fault.DIES_BEFORE_COMMIT,
            Fault.DIES_AFTER_COMMIT,
            Fault.STATE_LOCKED,
            Fault.STATE_FULL,
            Fault.STATE_LATE,
        )
        if fault is Fault.DIES_BEFORE:
            raise ProcessDiedError("turn")
        if fault is Fault.STATE_LOCKED:
            raise StateUnavailable(*_SAFE)
        with self._state.turn() as turn:
            yield turn
            if fault is Fault.DIES_BEFORE_COMMIT:
                raise ProcessDiedError("turn")
            if fault is Fault.STATE_FULL:
                raise StateUnavailable(*_SAFE)
        if fault is Fault.DIES_AFTER_COMMIT:
            raise ProcessDiedError("turn")
        if fault is Fault.STATE_LATE:
            raise StateUnavailable(*_SAFE)


class FaultyNotifier:
    """A receiver of notices that doesn't always take them."""

    def __init__(self, notifier: InMemoryNotifier, plan: Plan, clock: InMemoryClock) -> None:
        """Take the notifier itself."""
        self._notifier = notifier
        self._plan = plan
        self._clock = clock

    def takes(self, kind: NoticeKind) -> bool:
        """Say that every kind is taken."""
        return self._notifier.takes(kind)

    def deliver(self, notice: Notice) -> None:
        """Deliver, unless a fault comes in between."""
        fault = _struck(self._plan, self._clock, "deliver", Fault.UNDELIVERED)
        if fault is Fault.UNDELIVERED:
            raise NoticeUndelivered(*_SAFE)
        self._notifier.deliver(notice)
        _end(fault, "deliver")


class FaultySink:
    """Takes events into the simulation's record; the process can die while it tells."""

    def __init__(self, plan: Plan, record: Callable[[str], Any]) -> None:
        """Take where the lines go."""
        self._plan = plan
        self._record = record

    def emit(self, event: Event) -> None:
        """Take one event."""
        if self._plan.draw("emit", Fault.DIES_BEFORE):
            raise ProcessDiedError("emit")
        self._record(f"{event.at.isoformat()} {event}")
