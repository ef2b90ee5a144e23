"""Closes a shard: one scan of the orders for all its tenants, then each close by itself."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.closing import Closing, ReadingWanted
from aegis_batch.application.jobs import Done, Ended, attempted
from aegis_batch.application.ports.at_once import AtOnce
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.order_reader import OrderReader, Reading
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.run_record import RunRecord

__all__ = ["ShardClose"]

# What a reading came to: what the orders add up to, or why they could not be read.
_Came = Reading | AegisError


@dataclass(frozen=True, slots=True)
class _Begun:
    """A close that has come as far as it can without its orders: what it wants, or how it ended."""

    record: RunRecord
    closing: Closing[Ended]
    cpu_seconds: float
    came: ReadingWanted | Ended


@dataclass(frozen=True, slots=True)
class _Read:
    """A close that has begun, and what came of its reading; ``None`` where it wants none."""

    begun: _Begun
    came: _Came | None
    cpu_seconds: float


class ShardClose:
    """Closes many tenants' periods together; what goes wrong with one is that one's alone."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and what it closes with
        self,
        close: CloseJob,
        orders: OrderReader,
        tolerance: Decimal,
        at_once: AtOnce,
        clock: Clock,
        meter: ResourceMeter,
    ) -> None:
        """Take what closes one, and the ports; ``tolerance`` as for ``OrderReader``."""
        self._close = close
        self._orders = orders
        self._tolerance = tolerance
        self._at_once = at_once
        self._clock = clock
        self._meter = meter

    def do(self, records: Sequence[RunRecord]) -> Generator[Done, None, None]:
        """Ask about each, read the orders of those that are open, and hand over; see the port.

        There is one scan for all, but for those whose Backend is late: nobody else waits for it.
        """
        yield from self._at_once.together(self._begin, self._read_all, self._go_on, records)

    def _begin(self, record: RunRecord) -> _Begun:
        closing = self._close.closing(record)
        cpu_before = self._meter.thread_cpu_seconds()
        came = attempted(self._clock, partial(_step, partial(next, closing)))
        return _Begun(record, closing, self._meter.thread_cpu_seconds() - cpu_before, came)

    def _go_on(self, each: _Read) -> Done:
        begun, came = each.begun, each.came
        if came is None:
            assert isinstance(begun.came, Ended)  # noqa: S101 - it wants nothing to be read
            return Done(begun.record, begun.came, begun.cpu_seconds)
        cpu_before = self._meter.thread_cpu_seconds()
        if isinstance(came, AegisError):
            go_on: Callable[[], ReadingWanted] = partial(begun.closing.throw, came)
        else:
            go_on = partial(begun.closing.send, came)
        ended = attempted(self._clock, partial(_end, go_on))
        cpu_seconds = self._meter.thread_cpu_seconds() - cpu_before
        return Done(begun.record, ended, begun.cpu_seconds + each.cpu_seconds + cpu_seconds)

    def _read_all(self, begun: Sequence[_Begun]) -> Sequence[_Read]:
        wanting = [(each, each.came) for each in begun if isinstance(each.came, ReadingWanted)]
        cpu_before = self._meter.thread_cpu_seconds()
        read: dict[Window, Mapping[str, _Came]] = {}
        for window in dict.fromkeys(wanted.window for _, wanted in wanting):
            wanted_of = [wanted for _, wanted in wanting if wanted.window == window]
            with ExitStack() as under_way:
                for wanted in wanted_of:
                    under_way.enter_context(wanted.under_way())
                read[window] = self._read_window([wanted.tenant for wanted in wanted_of], window)
        share = (self._meter.thread_cpu_seconds() - cpu_before) / max(len(wanting), 1)
        ended = [_Read(each, None, 0.0) for each in begun if isinstance(each.came, Ended)]
        return ended + [
            _Read(each, read[wanted.window][wanted.tenant], share) for each, wanted in wanting
        ]

    def _read_window(self, tenants: Sequence[str], window: Window) -> Mapping[str, _Came]:
        try:
            return self._orders.read_each(tenants, window, self._tolerance)
        except AegisError as error:
            if error.retryable or len(tenants) == 1:
                return dict.fromkeys(tenants, error)
        # What no database can add up may be in the orders of a single one of them.
        return {tenant: self._read_one(tenant, window) for tenant in tenants}

    def _read_one(self, tenant: str, window: Window) -> _Came:
        try:
            return self._orders.read(tenant, window, self._tolerance)
        except AegisError as error:
            return error


def _step(go_on: Callable[[], ReadingWanted]) -> ReadingWanted | Ended:
    """Let a close go on, and return what it wants to be read, or how it ended."""
    try:
        return go_on()
    except StopIteration as stopped:
        ended: Ended = stopped.value
        return ended


def _end(go_on: Callable[[], ReadingWanted]) -> Ended:
    """Let a close go on that has what it wanted, and return how it ended."""
    came = _step(go_on)
    assert isinstance(came, Ended)  # noqa: S101 - no close wants two readings
    return came
