"""A database of reports, beside the shop whose days are closed into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.derived.address import parse_reports_url
from aegis_batch.adapters.outbound.postgres.derived.database import ReportsDatabase
from aegis_batch.adapters.outbound.postgres.derived.identity import OrdersGuard
from aegis_batch.adapters.outbound.postgres.derived.report_gateway import SqlReportGateway
from aegis_batch.adapters.outbound.postgres.derived.schema import migrate
from tests.servers.postgres import Database

AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
_numbers = count(1)


def database_of(dsn: str, **changes: float) -> ReportsDatabase:
    """Return a database of reports that gives up soon."""
    return ReportsDatabase(parse_reports_url(dsn), **{"connect_seconds": 5.0, **changes})


def guard_of(orders_dsn: str | None) -> OrdersGuard:
    """Return what keeps reports out of a database of orders."""
    if orders_dsn is None:
        return OrdersGuard(None)
    return OrdersGuard(OrdersDatabase(parse_database_url(orders_dsn), connect_seconds=1.0))


def gateway_of(dsn: str, *, orders_dsn: str | None = None, **changes: float) -> SqlReportGateway:
    """Return a gateway to a database of reports, migrated or not."""
    return SqlReportGateway(database_of(dsn, **changes), guard_of(orders_dsn), lambda: AT)


def migrated_gateway(database: Database) -> SqlReportGateway:
    """Make the tables, and return a gateway to them."""
    database_of(database.dsn()).carry_out(migrate)
    return gateway_of(database.dsn())


@contextmanager
def another_database(beside: Database) -> Iterator[Database]:
    """Provide an empty database on the same server."""
    name = f"reports_{next(_numbers)}"
    beside.server.create_database(name)
    yield Database(beside.server, name)
    beside.server.revive()
    beside.server.drop_database(name)


def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """Return what a statement finds."""
    with database.connect() as connection:
        return connection.execute(sql.encode()).fetchall()


def settings_with(orders: Database, reports_dsn: str) -> dict[str, str]:
    """Return the settings of a process that keeps a shop's reports in a database."""
    return {
        "DATABASE_URL": orders.dsn(),
        "AEGIS_REPORT_GATEWAY": "sql",
        "AEGIS_REPORTS_URL": reports_dsn,
        "AEGIS_DB_CONNECT_SECONDS": "2",
    }


# As docs/reports-database.md has them.
WRITER_RIGHTS = (
    "GRANT SELECT ON aegis_reports_schema TO writer",
    "GRANT SELECT, INSERT ON reports, report_items TO writer",
    "GRANT UPDATE (is_current) ON reports TO writer",
)
