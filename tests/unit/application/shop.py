"""A shop whose days are closed over in-memory adapters, on a clock that all share.

Durations are whole fractions of two, which a float holds exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.system.calendars import SystemCalendars
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.domain.calendar import Period, PeriodKind, Window
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import (
    AegisError,
)
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import CloseResult
from aegis_batch.domain.report import Report, StoredReport, TopItem
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal import Versions

__all__ = [
    "DAY",
    "EQUAL",
    "FIND",
    "NEGATIVE",
    "NOW",
    "ORDERS",
    "OTHER",
    "READ",
    "REPORT",
    "RUN",
    "SUBMIT",
    "WORDS",
    "Shop",
]

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
RUN = Run("run 1", "1" * 32, CloseKey("default", Period(PeriodKind.DAY, DAY)))
# The events of a step that goes well.
FIND = ("step.started", "report.sought")
READ = ("step.started", "orders.read")
SUBMIT = ("step.started", "report.submitted")
WORDS = ("some_code", "Something is wrong.", "Do something.")
_SOUP = OrderLine("Soup", Decimal(2), Decimal("20.50"))
_TEA = OrderLine("Tea", Decimal(1), Decimal("3.25"))
ORDERS = (
    PlacedOrder(
        datetime(2026, 11, 21, 15, tzinfo=UTC), Order("1", Decimal("44.25"), (_SOUP, _TEA))
    ),
    PlacedOrder(datetime(2026, 11, 22, 2, 59, tzinfo=UTC), Order("2", Decimal("41.00"), (_SOUP,))),
    PlacedOrder(datetime(2026, 11, 22, 3, tzinfo=UTC), Order("3", Decimal("3.25"), (_TEA,))),
)
REPORT = Report(DAY, 2, Decimal("85.25"), (TopItem("Soup", Decimal(4)), TopItem("Tea", Decimal(1))))
EQUAL = StoredReport(DAY, Decimal(2), Decimal("85.25"), REPORT.top_items)
OTHER = replace(EQUAL, total_orders=Decimal(3))
NEGATIVE = PlacedOrder(
    datetime(2026, 11, 21, 12, tzinfo=UTC),
    Order("9", Decimal(-1), (OrderLine("Tea", Decimal(1), Decimal(-1)),)),
)


class Reader(InMemoryOrderReader):
    """Orders in memory that take a while to read, and a database that can be away."""

    def __init__(self, clock: InMemoryClock) -> None:
        super().__init__(ORDERS)
        self.clock = clock
        self.windows: list[Window] = []
        self.tolerances: list[Decimal] = []
        self.fault: BaseException | None = None

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Note what is asked for, take a quarter of a second, and fail as told."""
        self.windows.append(window)
        self.tolerances.append(tolerance)
        self.clock.advance(timedelta(milliseconds=250))
        if self.fault is not None:
            raise self.fault
        return super().read(tenant, window, tolerance)


class Backend(InMemoryReportGateway):
    """A Backend in memory that can be told what to answer.

    ``answer`` is what a POST gets, and ``later`` what a single question gets, where they are set.
    """

    def __init__(self, clock: InMemoryClock) -> None:
        super().__init__()
        self.clock = clock
        self.can_find = True
        self.answer: Receipt | AegisError | KeyboardInterrupt | None = None
        self.later: StoredReport | AegisError | None = None
        self.finds = 0
        self.finds_once = 0
        self.posts = 0

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Answer as told, after a 64th of a second."""
        self.clock.advance(timedelta(milliseconds=15.625))
        self.finds += 1
        self.finds_once += once
        if not self.can_find:
            return None
        if once and self.later is not None:
            if isinstance(self.later, AegisError):
                raise self.later
            return self.later
        return super().find(run, once=once)

    def replace(self, run: Run, report: Report) -> Receipt:
        """Answer as told, after a 32nd of a second."""
        return self._answer(lambda: super(Backend, self).replace(run, report))

    def submit(self, run: Run, report: Report) -> Receipt:
        """Answer as told, after a 32nd of a second."""
        return self._answer(lambda: super(Backend, self).submit(run, report))

    def _answer(self, otherwise: Callable[[], Receipt]) -> Receipt:
        self.clock.advance(timedelta(milliseconds=31.25))
        self.posts += 1
        if isinstance(self.answer, AegisError | KeyboardInterrupt):
            raise self.answer
        return otherwise() if self.answer is None else self.answer


@dataclass
class Shop:
    """A close with all that it stands on."""

    clock: InMemoryClock = field(default_factory=lambda: InMemoryClock(NOW))
    sink: InMemoryMetricsSink = field(default_factory=InMemoryMetricsSink)
    rules: Rules = field(default_factory=Rules)
    day_start: time = time(0, 0)
    compares_first: bool = False
    sealed_days: SealedDays | None = None

    def __post_init__(self) -> None:
        """Open with orders on the shelf and a Backend that knows none of them."""
        self.reader = Reader(self.clock)
        self.backend = Backend(self.clock)

    def close(  # noqa: PLR0913 - all that can be asked for
        self,
        day: date | None = DAY,
        *,
        kind: PeriodKind = PeriodKind.DAY,
        dry_run: bool = False,
        allow_open_day: bool = False,
        rebuild: bool = False,
        without_backend: bool = False,
        zone_name: str | None = None,
        if_stopped: Callable[[CloseResult], None] | None = None,
    ) -> CloseResult:
        """Close a period, a day unless told otherwise."""
        zone = "America/Sao_Paulo"
        policy = ReportPolicy(
            calendars=SystemCalendars(zone, self.day_start),
            rules=self.rules,
            versions=Versions("1.2.3", "2026a", "14.0.0"),
        )
        use_case = DailyCloseUseCase(
            self.reader,
            None if without_backend else self.backend,
            self.clock,
            self.sink,
            policy,
            self.sealed_days,
            compares_first=self.compares_first,
        )
        return use_case.close(
            CloseRequest(
                RUN.id,
                RUN.trace_id,
                day=day,
                kind=kind,
                dry_run=dry_run,
                allow_open_day=allow_open_day,
                rebuild=rebuild,
                zone_name=zone_name,
            ),
            if_stopped=if_stopped,
        )

    @property
    def events(self) -> list[str]:
        """The names of the events told so far."""
        return [event.name for event in self.sink.events]
