"""The state database: transactions on it, one writer at a time, on a schema that is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, get_ident

from sqlalchemy import Connection, Engine

from aegis_batch.adapters.outbound.state.errors import DRIVER_ERRORS, translate
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.opening import READING, open_engine
from aegis_batch.adapters.outbound.state.present_schema import refuse_unless_current
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

__all__ = ["StateDatabase"]


class StateDatabase:
    """Opens transactions on the state's file; several threads may share it.

    ``engine`` is for whatever else keeps its tables in the same file: what it begins has the same
    limits and locks.
    """

    def __init__(self, location: StateLocation, busy_timeout_seconds: float = 10.0) -> None:
        """Take where it is, and how long a lock is waited for; nothing is opened yet."""
        self.file = location.file
        self.engine: Engine = open_engine(location.file, busy_timeout_seconds)
        self._busy_timeout_seconds = busy_timeout_seconds
        self._is_known_current = False
        self._lock = Lock()
        self._owner: int | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that may write, on the present schema.

        Committed where the context ends well, undone where it doesn't. Raises
        ``StateUnavailable`` and ``StateMisfit``; ``RuntimeError`` for one within another of the
        same thread: a defect, since it would wait for itself.
        """
        with self._one_at_a_time(), self._transaction({}) as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads, on the present schema; it waits for no writer.

        What is written in it is undone. Raises as ``writing`` does; within that of the same thread
        it would not see what was written there.
        """
        if self._owner == get_ident():
            raise RuntimeError("a look within a turn")
        with self._transaction(READING) as connection:
            self._check(connection)
            yield connection
            connection.rollback()

    @contextmanager
    def on_any_schema(self, *, is_writing: bool) -> Iterator[Connection]:
        """Open a transaction whatever the schema, so that it can be looked at or changed."""
        with self._transaction({} if is_writing else READING) as connection:
            yield connection

    def close(self) -> None:
        """Close the connections that are at rest."""
        self.engine.dispose()

    def _check(self, connection: Connection) -> None:
        if not self._is_known_current:
            refuse_unless_current(connection, self.file)
            self._is_known_current = True

    @contextmanager
    def _transaction(self, options: dict[str, str]) -> Iterator[Connection]:
        self._refuse_missing()
        try:
            with self.engine.connect() as connection:
                connection.execution_options(**options)
                with connection.begin():
                    yield connection
        except DRIVER_ERRORS as error:
            raise translate(error, self.file) from error

    def _refuse_missing(self) -> None:
        try:
            self.file.stat()
        except FileNotFoundError:
            raise StateMisfit(
                "state_missing",
                f"There is no state database at {self.file}.",
                "Make it with aegis-batch state migrate, or set AEGIS_STATE_URL to where it is.",
            ) from None
        except OSError as error:
            raise translate(error, self.file) from error

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        # SQLite would let them wait too, but asleep and in no order.
        if self._owner == get_ident():
            raise RuntimeError("a turn within a turn")
        if not self._lock.acquire(timeout=self._busy_timeout_seconds):
            raise StateUnavailable(
                "state_locked",
                "Another thread of this process keeps the state database locked.",
                "Try again later.",
            )
        self._owner = get_ident()
        try:
            yield
        finally:
            self._owner = None
            self._lock.release()
