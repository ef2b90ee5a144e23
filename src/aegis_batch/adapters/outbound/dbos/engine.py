"""The database connections of the durable engine, and its tables."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import QueuePool

from aegis_batch.adapters.outbound.dbos.errors import state_errors

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

__all__ = ["open_engine", "prepare_engine_tables"]

_LOCK_WAIT_SECONDS = 10.0


def open_engine(url: "URL | str", *, lock_wait_seconds: float = _LOCK_WAIT_SECONDS) -> "Engine":
    """Return connections of the durable engine's own to the state database.

    SQLite keeps a write-ahead log, so that who reads and who writes don't wait for each other;
    who writes waits so long for another writer. The file must be there: connecting makes none.
    Nothing is connected yet.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, hide_parameters=True, pool_pre_ping=True)
    file = Path(address.database or "").absolute()

    def connect() -> sqlite3.Connection:
        # The library needs Python's own transactions, begun by the first write. The program's
        # turns begin theirs before the first read, so the two can't share connections.
        connection = sqlite3.connect(
            f"{file.as_uri()}?mode=rw",
            uri=True,
            timeout=lock_wait_seconds,
            isolation_level="IMMEDIATE",
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)


def prepare_engine_tables(engine: "Engine") -> None:
    """Create the durable engine's tables, or bring them up to date; done twice, nothing changes.

    Only then can work be queued, by this process or by another. A file must be there. Raises
    ``StateUnavailable`` and ``StateMisfit``.
    """
    from aegis_batch.adapters.outbound.dbos.inside import migrate  # noqa: PLC0415 - it costs time

    with state_errors():
        migrate(engine)
