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
_CONNECT_SECONDS = 30.0
# On a server: one for each thread that works or looks for work, and a few to spare.
_CONNECTIONS_MAX = 20
_STATEMENT_SECONDS = 60.0
# The library leaves this limit to whoever brings connections of his own.
_FROZEN_SECONDS = 5.0


def open_engine(
    url: "URL | str",
    *,
    lock_wait_seconds: float = _LOCK_WAIT_SECONDS,
    connect_seconds: float = _CONNECT_SECONDS,
    frozen_seconds: float = _FROZEN_SECONDS,
) -> "Engine":
    """Return connections of the durable engine's own to the state database.

    SQLite keeps a write-ahead log, so that who reads and who writes don't wait for each other;
    who writes waits so long for another writer. The file must be there: connecting makes none.
    On PostgreSQL each transaction has limits of its own, and a server is waited for
    ``connect_seconds``; it gives up who is frozen in a transaction, on whose rows a turn may wait,
    after ``frozen_seconds``. Nothing is connected yet.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return _open_pool(address, lock_wait_seconds, connect_seconds, frozen_seconds)
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


def _open_pool(
    url: "URL", lock_wait_seconds: float, connect_seconds: float, frozen_seconds: float
) -> "Engine":
    from aegis_batch.adapters.postgresql.pooling import open_pool, set_locally  # noqa: PLC0415

    return open_pool(
        url,
        connect_seconds=connect_seconds,
        connections_max=_CONNECTIONS_MAX,
        wait_seconds=lock_wait_seconds,
        begin=set_locally(
            lock_timeout=lock_wait_seconds,
            statement_timeout=max(_STATEMENT_SECONDS, 2 * lock_wait_seconds),
            idle_in_transaction_session_timeout=frozen_seconds,
            tcp_user_timeout=frozen_seconds,
        ),
    )


def prepare_engine_tables(engine: "Engine") -> None:
    """Create the durable engine's tables, or bring them up to date; done twice, nothing changes.

    Only then can work be queued, by this process or by another. A file must be there. Raises
    ``StateUnavailable`` and ``StateMisfit``.
    """
    from aegis_batch.adapters.outbound.dbos.inside import migrate  # noqa: PLC0415 - it costs time

    with state_errors():
        migrate(engine)
