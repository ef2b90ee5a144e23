"""The Backend, the orders' database and the directory, with trouble of single tenants."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import (
    AegisError,
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
from aegis_batch.domain.tenant import Tenant
from tests.simulation.fleet.laws import FleetLaws
from tests.simulation.fleet.mall import Mall
from tests.simulation.fleet.ports_inside import Calls
from tests.simulation.fleet.trouble import Trouble
from tests.simulation.plan import Fault, ProcessDiedError

__all__ = ["FleetDirectory", "FleetGateway", "FleetNotifier", "FleetOrders"]

_TOLD = ("The plan has it so.", "Go on.")


class FleetGateway:
    """The Backend as one process reaches it; some tenants have trouble there that others don't."""

    can_find = True
    can_replace = False

    def __init__(
        self, calls: Calls, backend: InMemoryReportGateway, trouble: Trouble, laws: FleetLaws
    ) -> None:
        """Take the Backend itself, who has trouble there, and the laws that look on."""
        self._calls = calls
        self._backend = backend
        self._trouble = trouble
        self._laws = laws
        self.identity = backend.identity

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Ask the Backend, unless a fault comes in between."""
        fault = self._calls.strike("find")
        self._calls.take_time(0.3, 2.0)
        self._be_there(run)
        if fault in (Fault.UNAVAILABLE, Fault.MALFORMED):
            self._fail(run, BackendUnavailable("backend_away", *_TOLD))
        found = self._backend.find(run, once=once)
        self._calls.end("find", fault)
        return found

    def submit(self, run: Run, report: Report) -> Receipt:
        """Hand a report over, unless a fault comes in between."""
        self._laws.of_a_submission(self._calls.life, run, report.body())
        fault = self._calls.strike("submit")
        self._calls.take_time(0.5, 4.0)
        self._be_there(run)
        if run.key.tenant in self._trouble.refused or fault is Fault.REFUSED:
            self._fail(run, BackendRefused("backend_refused", *_TOLD, status=422, attempts=1))
        if fault is Fault.UNAVAILABLE:
            self._fail(run, BackendUnavailable("backend_away", *_TOLD, status=503, attempts=3))
        if fault is Fault.LOST_BEFORE_COMMIT:
            self._fail(run, AnswerLost("answer_lost", *_TOLD, status=None, attempts=3))
        receipt = self._backend.submit(run, report)
        self._laws.was_submitted(run, report.body())
        if fault is Fault.LOST_AFTER_COMMIT:
            self._fail(run, AnswerLost("answer_lost", *_TOLD, status=None, attempts=3))
        self._calls.end("submit", fault)
        return receipt

    def replace(self, run: Run, report: Report) -> Receipt:
        """Replace a report, which this Backend refuses."""
        return self._backend.replace(run, report)

    def _be_there(self, run: Run) -> None:
        if self._trouble.backend_is_down or run.key.tenant in self._trouble.away:
            self._fail(run, BackendUnavailable("backend_away", *_TOLD))

    def _fail(self, run: Run, error: AegisError) -> None:
        self._laws.of_trouble(self._calls.life, run.key.tenant, run.key.period.first_day)
        raise error


class FleetOrders:
    """The orders' database as one process reaches it: one snapshot for many tenants."""

    def __init__(
        self, calls: Calls, mall: Mall, clock: InMemoryClock, trouble: Trouble, laws: FleetLaws
    ) -> None:
        """Take the mall whose orders they are."""
        self._calls = calls
        self._mall = mall
        self._clock = clock
        self._trouble = trouble
        self._laws = laws

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Read the orders of one tenant."""
        return self.read_each([tenant], window, tolerance)[tenant]

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Read what is seen of the tenants' orders just now, unless a fault comes in between."""
        fault = self._calls.strike("read")
        if fault is Fault.UNAVAILABLE or self._trouble.orders_are_down:
            self._fail(tenants, window, OrdersUnreachable("orders_away", *_TOLD))
        if fault is Fault.MISFIT or self._trouble.unreadable.intersection(tenants):
            self._fail(tenants, window, OrdersMisfit("number_too_large", *_TOLD))
        seen = self._mall.seen(tenants, window.day, self._clock.now())
        readings = InMemoryOrderReader(seen).read_each(tenants, window, tolerance)
        for tenant in tenants:
            mine = [placed for placed in seen if placed.tenant == tenant]
            self._laws.saw(self._calls.life, tenant, window.day, mine)
        self._calls.take_time(0.5, 5.0)
        if fault is Fault.DIES_AFTER:
            raise ProcessDiedError("read")
        return readings

    def _fail(self, tenants: Sequence[str], window: Window, error: AegisError) -> None:
        # What can't be added up for many at once says nothing of any one of them.
        for tenant in tenants if error.retryable or len(tenants) == 1 else ():
            self._laws.of_trouble(self._calls.life, tenant, window.day)
        raise error


class FleetDirectory:
    """The directory of tenants, who come and go."""

    def __init__(self, calls: Calls, mall: Mall, clock: InMemoryClock) -> None:
        """Take the mall whose tenants they are."""
        self._calls = calls
        self._mall = mall
        self._clock = clock

    @property
    def goes_by_orders(self) -> bool:
        """Whether tenants are known by their orders alone."""
        return False

    def page(
        self, zone_name: str | None, after: str | None, limit: int, window: Window
    ) -> Sequence[Tenant]:
        """Return tenants of a zone behind an id; so few that there are several pages."""
        fault = self._calls.strike("directory")
        if fault is Fault.UNAVAILABLE:
            raise OrdersUnreachable("orders_away", *_TOLD)
        page = self._now().page(zone_name, after, limit, window)
        self._calls.end("directory", fault)
        return page

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant."""
        return self._now().get(tenant_id)

    def zones(self) -> Sequence[str | None]:
        """Return the zones that tenants have."""
        return self._now().zones()

    def queues(self) -> Sequence[str]:
        """Return no queue: nobody has one of its own."""
        return ()

    def _now(self) -> InMemoryTenantDirectory:
        present = self._mall.present(self._clock.now())
        return InMemoryTenantDirectory(present, self._mall.zone_name(None))


class FleetNotifier:
    """A receiver of notices that doesn't always take them."""

    def __init__(self, calls: Calls, notifier: InMemoryNotifier) -> None:
        """Take the notifier itself."""
        self._calls = calls
        self._notifier = notifier

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether a kind is taken."""
        return self._notifier.takes(kind)

    def deliver(self, notice: Notice) -> None:
        """Deliver, unless a fault comes in between."""
        fault = self._calls.strike("deliver")
        if fault is Fault.UNDELIVERED:
            raise NoticeUndelivered("notice_undelivered", *_TOLD)
        self._notifier.deliver(notice)
        self._calls.end("deliver", fault)
