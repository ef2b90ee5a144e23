"""Signs of life, in the table of executors."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection

from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.executors import SqlExecutors
from aegis_batch.adapters.outbound.state.present_time import present_time
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Signs

__all__ = ["SqlPulse"]


class SqlPulse:
    """Keeps signs of life in transactions beside the turns, for other processes to see."""

    def __init__(
        self, database: StateDatabase, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Take the database, and the clock to go by where it has none of its own."""
        self._database = database
        self._now = now

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep an executor as living; ``ValueError`` for a known name, unless it ``renews``."""
        with self._database.beside() as connection:
            self._executors(connection).register(executor, renews=renews)

    def beat(self, name: str) -> bool:
        """Keep a sign of life; ``False`` where the executor is not living."""
        with self._database.beside() as connection:
            return self._executors(connection).beat(name)

    def stop(self, name: str) -> None:
        """Keep that an executor went in good order."""
        with self._database.beside() as connection:
            self._executors(connection).stop(name)

    def forget(self, name: str) -> None:
        """Take an executor out of the registry."""
        with self._database.beside() as connection:
            self._executors(connection).forget(name)

    def signs(self, limit: int) -> Signs:
        """Return who gave signs of life, at most ``limit`` executors."""
        with self._database.reading() as connection:
            found = self._executors(connection).all(limit)
            return Signs(present_time(connection, self._now), found)

    def _executors(self, connection: Connection) -> SqlExecutors:
        return SqlExecutors(connection, lambda: present_time(connection, self._now))
