"""Looking at the reports' database, for a checkup."""

from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import URL, Connection

from aegis_batch.adapters.outbound.postgres.derived.database import ReportsDatabase
from aegis_batch.adapters.outbound.postgres.derived.identity import OrdersGuard
from aegis_batch.adapters.outbound.postgres.derived.schema import read_status
from aegis_batch.adapters.outbound.postgres.derived.tables import (
    VERSION_TABLE,
    report_items,
    reports,
)
from aegis_batch.adapters.outbound.postgres.provider import is_exposed
from aegis_batch.application.ports.reports_inspector import ReportsFacts
from aegis_batch.domain.calendar import Period

__all__ = ["PostgresReportsInspector"]

_NEEDED = (
    ("SELECT", VERSION_TABLE),
    *((right, table.name) for table in (reports, report_items) for right in ("SELECT", "INSERT")),
)
_BEYOND = (
    *(("UPDATE", name) for name in (reports.name, report_items.name)),
    *(
        (right, name)
        for name in (reports.name, report_items.name, VERSION_TABLE)
        for right in ("DELETE", "TRUNCATE")
    ),
)
_CURRENT_MARK = f"UPDATE ({reports.c.is_current.name}) ON {reports.name}"
_OWNER = sa.text(
    "SELECT pg_catalog.pg_has_role(relowner, 'USAGE') FROM pg_catalog.pg_class"
    " WHERE oid = pg_catalog.to_regclass('reports')"
)


class PostgresReportsInspector:
    """Asks the server who it is, and what the role may do; see the port."""

    def __init__(self, database: ReportsDatabase, guard: OrdersGuard, url: URL) -> None:
        """Take the database, what knows the orders' one, and the address of the first."""
        self._database = database
        self._guard = guard
        self._url = url

    def facts(self) -> ReportsFacts:
        """Return how it stands; see the port."""
        self._guard.learn()
        return self._database.carry_out(self._look, once=True)

    def revision_of(self, period: Period) -> int | None:
        """Return the current revision of a period's report, whichever tenant's it is."""
        statement = sa.select(sa.func.max(reports.c.revision)).where(
            reports.c.is_current,
            reports.c.period_kind == period.kind.value,
            reports.c.first_day == period.first_day,
        )
        return self._database.carry_out(
            lambda connection: connection.execute(statement).scalar(), once=True
        )

    def _look(self, connection: Connection) -> ReportsFacts:
        role, version = connection.execute(
            sa.select(sa.func.current_user(), sa.func.current_setting("server_version"))
        ).one()
        told = ReportsFacts(role=role, version=version.split()[0], is_exposed=is_exposed(self._url))
        if self._guard.is_here(connection):
            return replace(told, is_of_orders=True)
        status = read_status(connection)
        if status.pending:
            return replace(told, schema=status.revision, pending=status.pending)
        owns = bool(connection.execute(_OWNER).scalar())
        return replace(
            told,
            schema=status.revision,
            lacking=tuple(_lacking(connection)),
            beyond=() if owns else tuple(_beyond(connection)),
            owns=owns,
        )


def _lacking(connection: Connection) -> Iterator[str]:
    for right, table in _NEEDED:
        if not _may(connection, right, table):
            yield f"{right} ON {table}"
    may_mark = sa.func.has_column_privilege(reports.name, reports.c.is_current.name, "UPDATE")
    if not connection.execute(sa.select(may_mark)).scalar():
        yield _CURRENT_MARK


def _beyond(connection: Connection) -> Iterator[str]:
    for right, table in _BEYOND:
        if _may(connection, right, table):
            yield f"{right} ON {table}"


def _may(connection: Connection, right: str, table: str) -> bool:
    return bool(connection.execute(sa.select(sa.func.has_table_privilege(table, right))).scalar())
