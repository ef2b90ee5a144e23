"""Where the stand-in Backend keeps its reports: an SQLite file."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["SandboxStore", "StoreFailed"]

_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS reports (
    tenant TEXT NOT NULL,
    period TEXT NOT NULL,
    report_date TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (tenant, period, report_date)
) STRICT, WITHOUT ROWID
"""


class StoreFailed(Exception):  # noqa: N818 - it is an answer rather than an error
    """The file can't be read or written just now."""


class SandboxStore:
    """Keeps one report for each tenant, period and date, and never replaces any.

    It may be used from any number of threads, and the file from several processes. What goes
    wrong with the file later is ``StoreFailed``.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; ``InvalidRequest`` where that can't be done."""
        self._lock = threading.Lock()
        is_new = not path.exists()
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_SCHEMA)
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
                if is_new:
                    path.unlink(missing_ok=True)
            raise InvalidRequest(
                "sandbox_store_unusable",
                f"The sandbox can't keep its reports in {path} ({type(error).__name__}).",
                "Name a file that can be written, and that only the sandbox uses.",
            ) from error
        self._connection = connection

    def find(self, tenant: str, period: str, report_date: str) -> str | None:
        """Return the JSON of a report, or ``None`` where there is none."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT report FROM reports WHERE tenant = ? AND period = ? AND report_date = ?",
                (tenant, period, report_date),
            ).fetchone()
        return None if row is None else str(row[0])

    def add(self, tenant: str, period: str, report_date: str, report: str) -> bool:
        """Keep a report, unless there is one already; say whether it was kept."""
        with self._open() as connection:
            cursor = connection.execute(
                "INSERT INTO reports VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (tenant, period, report_date, report),
            )
        return cursor.rowcount == 1

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise StoreFailed from error
