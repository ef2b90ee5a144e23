"""A day to close, known to the last cent, and the use case that closes it over HTTP."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from aegis_batch.adapters.outbound.http.backend import HttpBackend
from aegis_batch.adapters.outbound.http.connection import BackendConnection
from aegis_batch.adapters.outbound.http.report_gateway import HttpReportGateway
from aegis_batch.adapters.outbound.http.report_status import HttpReportStatus
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.system.identifiers import new_traceparent
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import CloseResult
from aegis_batch.domain.report import Report, TopItem
from aegis_batch.domain.run import CloseKey, Run
from aegis_batch.domain.seal import Versions

TOKEN = "canary-token-7Q"
DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
# The same day twice: as orders for the in-memory reader, and as the file that a process reads.
ORDERS = (
    PlacedOrder(
        datetime(2026, 11, 21, 15, 30, tzinfo=UTC),
        Order(
            "17",
            Decimal("41.00"),
            (OrderLine("Hambúrguer", Decimal(2), Decimal("20.50")),),
        ),
    ),
    PlacedOrder(
        datetime(2026, 11, 22, 2, 59, tzinfo=UTC),
        Order("18", Decimal("9.50"), (OrderLine("Refrigerante", Decimal(1), Decimal("9.50")),)),
    ),
)
ORDERS_JSON = json.dumps(
    [
        {
            "id": placed.order.id,
            "placedAt": placed.placed_at.isoformat(),
            "total": str(placed.order.total),
            "items": [
                {
                    "name": line.name,
                    "quantity": str(line.quantity),
                    "unitPrice": str(line.unit_price),
                }
                for line in placed.order.lines
            ],
        }
        for placed in ORDERS
    ]
)
BODY = (
    '{"reportDate":"2026-11-21","totalOrders":2,"totalRevenue":50.50,'
    '"topItems":[{"name":"Hambúrguer","qty":2},{"name":"Refrigerante","qty":1}]}'
)
REPORT = Report(
    DAY,
    2,
    Decimal("50.50"),
    (TopItem("Hambúrguer", Decimal(2)), TopItem("Refrigerante", Decimal(1))),
)


def run_of(tenant: str = "default", day: date = DAY) -> Run:
    """Return a run that closes a day."""
    return run_of_period(Period(PeriodKind.DAY, day), tenant)


def run_of_period(period: Period, tenant: str = "default") -> Run:
    """Return a run that closes a period."""
    return Run("run-1", TRACE_ID, CloseKey(tenant, period))


def connect(base_url: str, **changes: float | bool) -> BackendConnection:
    """Return a connection that waits little between attempts."""
    return BackendConnection(base_url, TOKEN, **{"backoff_seconds": 0.01, **changes})  # type: ignore[arg-type]


@dataclass
class Closing:
    """A use case with the real gateway, in-memory orders, and all that it told."""

    gateway: HttpReportGateway
    metrics: InMemoryMetricsSink = field(default_factory=InMemoryMetricsSink)
    clock: InMemoryClock = field(default_factory=lambda: InMemoryClock(NOW))

    @staticmethod
    def real_seconds() -> float:
        """Return the machine's monotonic time, since the closing's own clock stands still."""
        return time.monotonic()

    def close(self, day: date = DAY) -> CloseResult:
        """Close the day."""
        policy = ReportPolicy(
            InMemoryCalendars(Calendar(load_zone("America/Sao_Paulo"), "America/Sao_Paulo")),
            Rules(),
            Versions("1", "2026a", "15"),
        )
        use_case = DailyCloseUseCase(
            InMemoryOrderReader(ORDERS), self.gateway, self.clock, self.metrics, policy
        )
        return use_case.close(CloseRequest("run-1", TRACE_ID, day=day))


@contextmanager
def closing_over(connection: BackendConnection, *, can_find: bool = True) -> Iterator[Closing]:
    """Provide what closes days over a connection, and close the connection in the end."""
    metrics, clock = InMemoryMetricsSink(), InMemoryClock(NOW)
    backend = HttpBackend(connection, clock, metrics, new_traceparent, "0.1.0")
    gateway = HttpReportGateway(backend, HttpReportStatus(backend) if can_find else None)
    try:
        yield Closing(gateway, metrics, clock)
    finally:
        gateway.close()
