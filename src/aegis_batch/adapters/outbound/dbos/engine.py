"""The database connections of the durable engine, and its tables."""

from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event

from aegis_batch.adapters.outbound.dbos.errors import state_errors

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["open_engine", "prepare_engine_tables"]

_LOCK_WAIT_MS = 10_000


def open_engine(url: str, *, lock_wait_ms: int = _LOCK_WAIT_MS) -> "Engine":
    """Return connections of the durable engine's own to the state database.

    SQLite keeps a write-ahead log, so that who reads and who writes don't wait for each other;
    who writes waits up to ``lock_wait_ms`` for another writer. Nothing is connected yet.
    """
    # The library needs Python's own transactions on SQLite, begun by the first write. The
    # program's turns begin theirs before the first read, so the two can't share connections.
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def set_up(connection: "sqlite3.Connection", _: "ConnectionPoolEntry") -> None:
            connection.isolation_level = "IMMEDIATE"
            with closing(connection.cursor()) as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {int(lock_wait_ms)}")
                cursor.execute("PRAGMA journal_mode = WAL")
                cursor.execute("PRAGMA foreign_keys = ON")

    return engine


def prepare_engine_tables(engine: "Engine") -> None:
    """Create the durable engine's tables, or bring them up to date; done twice, nothing changes.

    Only then can work be queued, by this process or by another. Raises ``StateUnavailable`` and
    ``StateMisfit``.
    """
    from aegis_batch.adapters.outbound.dbos.inside import migrate  # noqa: PLC0415 - it costs time

    with state_errors():
        migrate(engine)
