"""The engine: how connections to the state's file are made, and how transactions on it begin."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from aegis_batch.adapters.outbound.state.revisions import VERSION_TABLE

__all__ = ["READING", "open_engine"]

# For ``Connection.execution_options``: a transaction that only reads takes no lock to write.
READING = {"begin": "BEGIN DEFERRED"}

_CONNECTIONS_MAX = 20
_KEPT_WAL_BYTES = 16 * 1024 * 1024


def open_engine(file: Path, busy_timeout_seconds: float) -> Engine:
    """Return an engine on a file that is there; nothing is opened before it is used.

    A transaction takes the lock to write with its first breath, since one that began by reading
    could not have it any more once another had written; waiting for it is bounded.
    """

    def connect() -> sqlite3.Connection:
        # `mode=rw`: a file that is gone must not come back empty.
        connection = sqlite3.connect(
            f"file:{quote(str(file))}?mode=rw",
            uri=True,
            timeout=busy_timeout_seconds,
            # Transactions are begun below, not by the driver.
            isolation_level=None,
            # A connection has one user at a time, which the pool sees to.
            check_same_thread=False,
        )
        try:
            _set_up(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=2,
        max_overflow=_CONNECTIONS_MAX - 2,
        pool_timeout=busy_timeout_seconds,
        # Values belong in no error's text.
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: sqlite3.Connection) -> None:
    if _is_ours_or_empty(connection):
        # Readers and the one writer don't wait for one another. It stays with the file.
        connection.execute("PRAGMA journal_mode = WAL")
    # A commit is on the disk when it returns: a decision that a power cut undid would be made
    # again, about a nominal time that was accounted for already.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_KEPT_WAL_BYTES}")


def _is_ours_or_empty(connection: sqlite3.Connection) -> bool:
    """Say whether a file may be changed: somebody else's database is left as it is."""
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    return not names or VERSION_TABLE in names


def _begin(connection: Connection) -> None:
    begin = connection.get_execution_options().get("begin", "BEGIN IMMEDIATE")
    connection.exec_driver_sql(begin)
