"""Which database one is connected to, so that reports are never written among orders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Executable, Row

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.domain.errors import InvalidRequest, OrdersMisfit, OrdersUnreachable

__all__ = ["DatabaseIdentity", "OrdersGuard", "identity_of"]

_MAY_READ_CONTROL = sa.select(
    sa.func.has_function_privilege("pg_catalog.pg_control_system()", "EXECUTE")
)
_SYSTEM = sa.text("SELECT system_identifier FROM pg_catalog.pg_control_system()")
_DATABASE = sa.text(
    "SELECT oid::bigint, pg_catalog.pg_postmaster_start_time()"
    " FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
)


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """What tells a database from all others, whatever way leads to it.

    ``system`` is the number that a cluster keeps from its making on, its replicas too; ``None``
    where the role may not read it.
    """

    system: int | None
    started_at: datetime
    oid: int

    def is_same_as(self, other: "DatabaseIdentity") -> bool:
        """Say whether both are one database, as far as their servers tell."""
        if self.oid != other.oid:
            return False
        if self.system is not None and other.system is not None:
            return self.system == other.system
        return self.started_at == other.started_at


def identity_of(rows: Callable[[Executable], list[Row[Any]]]) -> DatabaseIdentity:
    """Return the identity of the database in which statements are run."""
    may_read = rows(_MAY_READ_CONTROL)[0][0]
    system = int(rows(_SYSTEM)[0][0]) if may_read else None
    database = rows(_DATABASE)[0]
    return DatabaseIdentity(system, database.pg_postmaster_start_time, int(database.oid))


class OrdersGuard:
    """Refuses to write into the orders' database, which is asked once who it is."""

    def __init__(self, orders: OrdersDatabase | None) -> None:
        """Take the orders' database; ``None`` where the settings name none."""
        self._orders = orders
        self._identity: DatabaseIdentity | None = None
        self._lock = Lock()

    def learn(self) -> None:
        """Ask the orders' database; where it can't be asked, its address alone must do."""
        with self._lock:
            if self._orders is None or self._identity is not None:
                return
            try:
                self._identity = self._orders.read(_asked, tables=["pg_database"], once=True)
            except (OrdersMisfit, OrdersUnreachable):
                return

    def is_here(self, connection: Connection) -> bool:
        """Say whether a connection leads to the orders' database."""
        if self._identity is None:
            return False
        here = identity_of(lambda statement: list(connection.execute(statement).all()))
        return here.is_same_as(self._identity)

    def refuse(self, connection: Connection) -> None:
        """Raise ``InvalidRequest`` where a connection leads to the orders' database."""
        if self.is_here(connection):
            raise InvalidRequest(
                "reports_among_orders",
                "AEGIS_REPORTS_URL leads to the orders' database, in which this program never"
                " writes.",
                "Create a database for reports, and name it in AEGIS_REPORTS_URL.",
            )


def _asked(snapshot: Snapshot) -> DatabaseIdentity:
    return identity_of(lambda statement: list(snapshot.rows(statement)))
