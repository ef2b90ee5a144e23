"""The Backend, the orders' database and the receiver of notices, with the plan's faults."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import (
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    NoticeUndelivered,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.notice import Notice, NoticeKind
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run
from tests.simulation.laws import Laws
from tests.simulation.orders import ShopOrders
from tests.simulation.plan import Fault, Plan, ProcessDiedError

__all__ = ["FaultyGateway", "FaultyNotifier", "FaultyOrders", "Outside"]

_TOLD = ("The plan has it so.", "Go on.")
_SECOND = timedelta(seconds=1)


class Outside:
    """What calls to the outside have in common: they can be late, and be cut short by a death.

    ``meanwhile`` is what other threads, and people, do while a call is late.
    """

    def __init__(self, plan: Plan, clock: InMemoryClock, meanwhile: Callable[[], None]) -> None:
        """Take the plan, the clock, and what goes on beside."""
        self._plan = plan
        self._clock = clock
        self._meanwhile = meanwhile

    def strike(self, point: str) -> Fault | None:
        """Draw a fault, having died or waited where the plan has that."""
        fault = self._plan.draw(point)
        if fault is Fault.DIES_BEFORE:
            raise ProcessDiedError(point)
        if fault is Fault.LATE:
            self._clock.advance(self._plan.between(_SECOND, 90 * _SECOND))
            self._meanwhile()
        return fault


class FaultyGateway:
    """A Backend that is away, slow, forgetful, given to nonsense, or refuses."""

    def __init__(
        self, outside: Outside, backend: InMemoryReportGateway, laws: Laws, *, can_find: bool
    ) -> None:
        """Take the Backend itself; ``is_down`` says that it is away for long."""
        self._outside = outside
        self._backend = backend
        self._laws = laws
        self.can_find = can_find
        self.identity = backend.identity
        self.can_replace = backend.can_replace
        self.is_down = False

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Ask the Backend, unless a fault comes in between."""
        if not self.can_find:
            return None
        self._be_down()
        fault = self._outside.strike(self._laws.snapshots.point("find"))
        if fault is Fault.UNAVAILABLE:
            raise BackendUnavailable("backend_away", *_TOLD)
        if fault is Fault.MALFORMED:
            raise BackendUnavailable("malformed_answer", *_TOLD, status=200)
        if fault is Fault.REFUSED:
            raise BackendRefused("backend_refused", *_TOLD, status=403)
        found = self._backend.find(run, once=once)
        if fault is Fault.DIES_AFTER:
            raise ProcessDiedError("find")
        shown = None if fault is Fault.STALE else found
        attempt = self._laws.snapshots.attempt
        attempt.found[run.key] = shown
        if shown is not found:
            attempt.not_shown.add(run.key)
        return shown

    def replace(self, run: Run, report: Report) -> Receipt:
        """Replace a report, which this Backend refuses."""
        return self._backend.replace(run, report)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Hand a report over, unless a fault comes in between."""
        self._laws.of_what_is_sent(run, report.body())
        self._be_down()
        fault = self._outside.strike("submit")
        if fault is Fault.UNAVAILABLE:
            raise BackendUnavailable("backend_away", *_TOLD, status=503, attempts=3)
        if fault is Fault.MALFORMED:
            raise BackendUnavailable("malformed_answer", *_TOLD, status=200, attempts=3)
        if fault is Fault.REFUSED:
            raise BackendRefused("backend_refused", *_TOLD, status=422, attempts=1)
        if fault is Fault.LOST_BEFORE_COMMIT:
            raise AnswerLost("answer_lost", *_TOLD, status=None, attempts=3)
        if fault is Fault.RIVAL:
            other = StoredReport(report.report_date, Decimal(report.total_orders + 1))
            self._backend.stored.setdefault(run.key, other)
        receipt = self._backend.submit(run, report)
        self._laws.of_what_was_sent(run.key)
        if fault is Fault.LOST_AFTER_COMMIT:
            raise AnswerLost("answer_lost", *_TOLD, status=None, attempts=3)
        if fault is Fault.DIES_AFTER:
            raise ProcessDiedError("submit")
        return Receipt(200, 1) if fault is Fault.SILENT else receipt

    def _be_down(self) -> None:
        if self.is_down:
            raise BackendUnavailable("backend_away", *_TOLD)


class FaultyOrders:
    """The orders' database, which can be away, break off, or have changed its columns."""

    def __init__(self, outside: Outside, shop: ShopOrders, laws: Laws) -> None:
        """Take the shop, whose orders change while they are read."""
        self._outside = outside
        self._shop = shop
        self._laws = laws

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Read what the shop's database holds just now, unless a fault comes in between."""
        fault = self._outside.strike(self._laws.snapshots.point("read"))
        if fault is Fault.UNAVAILABLE:
            raise OrdersUnreachable("orders_away", *_TOLD)
        if fault is Fault.MISFIT:
            raise OrdersMisfit("orders_misfit", *_TOLD)
        if fault is Fault.DEFECT:
            self._laws.defect_is_due = True
            raise RuntimeError("made up")
        first, last = self._laws.snapshots.days_of(window)
        seen = self._shop.near(first, last)
        self._laws.snapshots.saw(window, seen)
        reader = InMemoryOrderReader(seen)
        reading = reader.read(tenant, window, tolerance)
        if reader.orders != seen:
            self._laws.broken("the orders were touched")
        if fault is Fault.CHANGES:
            self._shop.add_late(window.day)
        if fault is Fault.BREAKS_OFF:
            raise OrdersUnreachable("orders_broke_off", *_TOLD)
        if fault is Fault.DIES_AFTER:
            raise ProcessDiedError("read")
        return reading

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Read the orders of the only tenant that there is here."""
        (tenant,) = tenants
        return {tenant: self.read(tenant, window, tolerance)}


class FaultyNotifier:
    """A receiver of notices that doesn't always take them."""

    def __init__(self, outside: Outside, notifier: InMemoryNotifier, laws: Laws) -> None:
        """Take the notifier itself."""
        self._laws = laws
        self._outside = outside
        self._notifier = notifier

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether a kind is taken."""
        return self._notifier.takes(kind)

    def deliver(self, notice: Notice) -> None:
        """Deliver, unless a fault comes in between."""
        fault = self._outside.strike("deliver")
        if fault is Fault.UNDELIVERED:
            raise NoticeUndelivered("notice_undelivered", *_TOLD)
        self._notifier.deliver(notice)
        self._laws.word.arrived(notice.key)
        if fault is Fault.DIES_AFTER:
            raise ProcessDiedError("deliver")
