"""Looking at the orders' database in PostgreSQL: its server, its tables, its plans, its rights."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import URL

from aegis_batch.adapters.outbound.postgres.access_paths import explain_window
from aegis_batch.adapters.outbound.postgres.catalogue import describe
from aegis_batch.adapters.outbound.postgres.connecting import Dialer
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.error_meanings import ReadBrokeOff
from aegis_batch.adapters.outbound.postgres.errors import DRIVER_ERRORS, translate
from aegis_batch.adapters.outbound.postgres.fitting import fit_of, grant_reading
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, TableName
from aegis_batch.adapters.outbound.postgres.orders_source import find_orders
from aegis_batch.adapters.outbound.postgres.placed_at import bounds_of
from aegis_batch.adapters.outbound.postgres.provider import is_exposed, sleeps_at
from aegis_batch.adapters.outbound.postgres.report_status import REPORTS_TABLE, TableReportStatus
from aegis_batch.adapters.outbound.postgres.role_rights import find_rights
from aegis_batch.adapters.postgresql.silence import Silence
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.orders_inspector import (
    Fault,
    Fit,
    RoleRights,
    ServerFacts,
    SnapshotHold,
    WindowAccess,
)
from aegis_batch.domain.calendar import Calendar, Window
from aegis_batch.domain.clock_skew import ClockSample
from aegis_batch.domain.errors import BackendRefused, OrdersMisfit

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresOrdersInspector"]

_Found = TypeVar("_Found")

_REPEATABLE_READ = "repeatable read"


class PostgresOrdersInspector:
    """Looks at one database, over a new connection for each call, and writes nothing."""

    def __init__(  # noqa: PLR0913 - where to look, for what, by which days, and how long
        self,
        url: URL,
        schema: OrdersSchema,
        calendar: Calendar,
        clock: Clock,
        *,
        seconds: float,
        reads_reports: bool = False,
        tenants: TableName | None = None,
    ) -> None:
        """Take a URL as ``parse_database_url`` returns it, and the tables to look for.

        ``seconds`` bounds connecting, and then each statement. ``reads_reports`` says that the
        role has to read the table of reports too, ``tenants`` which one it has to for the
        directory of tenants.
        """
        self._url = url
        self._schema = schema
        self._names = (schema.orders_name(), schema.items_name())
        self._to_read = (
            *self._names,
            *((REPORTS_TABLE,) if reads_reports else ()),
            *(() if tenants is None else (tenants,)),
        )
        self._calendar = calendar
        self._clock = clock
        self._seconds = seconds
        self._dialer = Dialer(url, seconds)
        self._database = OrdersDatabase(
            url, connect_seconds=seconds, statement_timeout_seconds=seconds
        )

    def server(self) -> ServerFacts:
        """Connect and tell what answers; see the port."""
        with closing(self._dialer.dial()) as connection:
            # Outside any transaction, so that a pooler which refuses those is told from a server
            # that is away.
            connection.autocommit = True
            number, version, role = self._row(
                connection,
                "SELECT current_setting('server_version_num')::int,"
                " current_setting('server_version'), current_user",
            )
            asked_at = self._clock.now()
            (epoch,) = self._row(connection, "SELECT extract(epoch FROM clock_timestamp())::float8")
            answered_at = self._clock.now()
        return ServerFacts(
            version_number=number,
            version=version,
            role=role,
            clock=ClockSample(asked_at, datetime.fromtimestamp(epoch, UTC), answered_at),
            snapshot=self._snapshot_hold(),
            sleeps_at=sleeps_at(self._url),
            is_exposed=is_exposed(self._url),
        )

    def fit(self) -> Fit:
        """Tell how the tables fit the settings; see the port."""

        def work(snapshot: Snapshot) -> Fit:
            catalogue = describe(snapshot, self._names)
            zone = self._calendar.zone
            return fit_of(snapshot, catalogue, self._schema, zone, self._clock.now())

        try:
            return self._read(work)
        except OrdersMisfit as error:
            if error.code != "permission_denied":
                raise
            # Not even the names in a schema can be looked up without the right to use it.
            role = self.rights().role
            remedy = f"As the owner of the tables:\n{grant_reading(self._to_read, role)}"
            return Fit((Fault(error.code, error.message, remedy),))

    def access(self, window: Window) -> WindowAccess:
        """Tell how a window would be read; see the port."""

        def work(snapshot: Snapshot) -> WindowAccess:
            source = find_orders(describe(snapshot, self._names), self._schema)
            return explain_window(snapshot, source, bounds_of(window, source.placed_at_kind))

        return self._read(work)

    def rights(self) -> RoleRights:
        """Tell what the role may do beyond reading; see the port."""

        def work(snapshot: Snapshot) -> RoleRights:
            snapshot.rows(_time_limit(snapshot.statement_timeout_seconds))
            return find_rights(snapshot, self._to_read)

        return self._read(work)

    def has_report(self, day: date) -> bool:
        """Say whether the table of reports has a day; see the port."""
        try:
            return TableReportStatus(self._database).find_day(day) is not None
        except BackendRefused as error:
            if error.code != "permission_denied":
                raise
            grant = grant_reading((REPORTS_TABLE,), self.rights().role)
            remedy = f"As the owner of the table:\n{grant}"
            raise BackendRefused(error.code, error.message, remedy) from None

    def _read(self, work: Callable[[Snapshot], _Found]) -> _Found:
        return self._database.read(work, tables=[str(name) for name in self._names])

    def _snapshot_hold(self) -> SnapshotHold:
        def work(snapshot: Snapshot) -> SnapshotHold:
            seen = [snapshot.rows(_WHERE_AM_I)[0] for _ in range(2)]
            is_one = seen[0] == seen[1] and seen[0].isolation == _REPEATABLE_READ
            return SnapshotHold.ONE if is_one else SnapshotHold.TORN

        try:
            return self._database.read(work, tables=(), once=True)
        except ReadBrokeOff:
            if self._answers_single_statements():
                return SnapshotHold.REFUSED
            raise

    def _answers_single_statements(self) -> bool:
        with closing(self._dialer.dial(once=True)) as connection:
            connection.autocommit = True
            return self._row(connection, "SELECT 1") == (1,)

    def _row(self, connection: "psycopg.Connection[Any]", statement: str) -> tuple[Any, ...]:
        try:
            with Silence().broken_after(self._seconds, connection.fileno()):
                row = connection.execute(statement.encode()).fetchone()
        except DRIVER_ERRORS as error:
            raise translate(error, ()) from None
        return row or ()


def _time_limit(seconds: float) -> sa.Select[Any]:
    limit = f"{max(1, round(seconds * 1000))}ms"
    return sa.select(sa.func.set_config("statement_timeout", limit, sa.true()))


# What is the same for all statements of one transaction, and of no two.
_WHERE_AM_I = sa.text(
    "SELECT CAST(pg_current_snapshot() AS text) AS snapshot, now() AS started_at,"
    " pg_backend_pid() AS backend, current_setting('transaction_isolation') AS isolation"
)
