"""Builds the adapters that the settings choose; each is imported only when it is chosen."""

# ruff: noqa: PLC0415 - see above

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.bootstrap.settings import Adapters, ReportGatewayKind, ReportStatusSource, Settings
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.run import Run

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.http.backend import HttpBackend
    from aegis_batch.adapters.outbound.http.report_gateway import ReportStatus
    from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
    from aegis_batch.adapters.outbound.postgres.derived.database import ReportsDatabase
    from aegis_batch.adapters.outbound.postgres.derived.identity import OrdersGuard
    from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema

__all__ = [
    "build_order_reader",
    "open_report_gateway",
    "orders_database",
    "orders_schema",
    "reports_database",
    "reports_guard",
]


def build_order_reader(settings: Settings) -> OrderReader:
    """Return the reader of orders; nothing is connected before the first read."""
    if settings.adapters is Adapters.MEMORY:
        from aegis_batch.adapters.outbound.memory.order_reader import JsonOrderReader

        assert settings.memory_orders is not None  # noqa: S101 - load_settings has seen to it
        return JsonOrderReader(settings.memory_orders, settings.orders_statuses)
    from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader

    return PostgresOrderReader(orders_database(settings), orders_schema(settings))


def orders_schema(settings: Settings) -> "OrdersSchema":
    """Return where the shop keeps its orders; raises ``InvalidRequest`` for an impossible name."""
    from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema

    return OrdersSchema(
        orders_table=settings.orders_table,
        order_id=settings.orders_id,
        placed_at=settings.orders_placed_at,
        placed_at_kind=settings.orders_placed_at_kind,
        total=settings.orders_total,
        tenant=settings.orders_tenant,
        status=settings.orders_status,
        statuses=settings.orders_statuses,
        items_table=settings.items_table,
        item_order_id=settings.items_order_id,
        item_tenant=settings.items_tenant,
        item_name=settings.items_name,
        item_quantity=settings.items_quantity,
        item_unit_price=settings.items_unit_price,
    )


def orders_database(settings: Settings) -> "OrdersDatabase":
    """Return the orders' database; nothing is connected before its first use."""
    from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
    from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url

    assert settings.database_url is not None  # noqa: S101 - load_settings has seen to it
    return OrdersDatabase(
        parse_database_url(settings.database_url.get_secret_value()),
        connect_seconds=settings.db_connect_seconds,
        statement_timeout_seconds=settings.db_statement_timeout_seconds,
    )


def open_report_gateway(
    settings: Settings,
    clock: Clock,
    metrics: MetricsSink,
    traceparent_of: Callable[[Run], str],
) -> Iterator[ReportGateway | None]:
    """Yield what takes the reports, and close it; ``None`` where the settings name nothing."""
    if settings.adapters is Adapters.MEMORY:
        from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway

        yield InMemoryReportGateway()
        return
    if settings.report_gateway is ReportGatewayKind.SQL:
        yield _sql_gateway(settings, clock)
        return
    if settings.backend_base_url is None or settings.x_service_token is None:
        yield _rehearsal_gateway(settings)
        return
    from aegis_batch.adapters.outbound.http.backend import HttpBackend
    from aegis_batch.adapters.outbound.http.connection import BackendConnection
    from aegis_batch.adapters.outbound.http.report_gateway import HttpReportGateway

    connection = BackendConnection(
        base_url=settings.backend_base_url,
        token=settings.x_service_token.get_secret_value(),
        timeout_seconds=settings.http_timeout_seconds,
        max_attempts=settings.http_max_attempts,
        backoff_seconds=settings.http_backoff_seconds,
        several_tenants=settings.has_several_tenants,
    )
    backend = HttpBackend(connection, clock, metrics, traceparent_of, program_version())
    gateway = HttpReportGateway(backend, _report_status(settings, backend))
    try:
        yield gateway
    finally:
        gateway.close()


def reports_database(settings: Settings, **limits: float) -> "ReportsDatabase":
    """Return the reports' database, with other limits than its own where they are named.

    Nothing is connected before its first use.
    """
    from aegis_batch.adapters.outbound.postgres.derived.address import parse_reports_url
    from aegis_batch.adapters.outbound.postgres.derived.database import ReportsDatabase

    assert settings.reports_url is not None  # noqa: S101 - load_settings has seen to it
    return ReportsDatabase(
        parse_reports_url(settings.reports_url.get_secret_value()),
        connect_seconds=settings.db_connect_seconds,
        **limits,
    )


def reports_guard(settings: Settings) -> "OrdersGuard":
    """Return what keeps reports out of the orders' database."""
    from aegis_batch.adapters.outbound.postgres.derived.identity import OrdersGuard

    return OrdersGuard(None if settings.database_url is None else orders_database(settings))


def _sql_gateway(settings: Settings, clock: Clock) -> ReportGateway | None:
    if settings.reports_url is None:
        return None
    from aegis_batch.adapters.outbound.postgres.derived.report_gateway import SqlReportGateway

    return SqlReportGateway(reports_database(settings), reports_guard(settings), clock.now)


def _rehearsal_gateway(settings: Settings) -> ReportGateway | None:
    """Return what can be asked without a Backend: the table of reports, where that is chosen."""
    if settings.report_status is not ReportStatusSource.TABLE:
        return None
    from aegis_batch.adapters.outbound.http.report_gateway import HttpReportGateway

    return HttpReportGateway(None, _table_status(settings))


def _report_status(settings: Settings, backend: "HttpBackend") -> "ReportStatus | None":
    if settings.report_status is ReportStatusSource.NONE:
        return None
    if settings.report_status is ReportStatusSource.TABLE:
        return _table_status(settings)
    from aegis_batch.adapters.outbound.http.report_status import HttpReportStatus

    return HttpReportStatus(backend)


def _table_status(settings: Settings) -> "ReportStatus":
    from aegis_batch.adapters.outbound.postgres.report_status import TableReportStatus

    return TableReportStatus(orders_database(settings))
