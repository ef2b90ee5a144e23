"""The state database: transactions on it, one writer at a time, on a schema that is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, get_ident

from sqlalchemy import Connection, Engine

from aegis_batch.adapters.outbound.state.ground_of_location import ground_of
from aegis_batch.adapters.outbound.state.grounds import Ground, Options
from aegis_batch.adapters.outbound.state.location import ServerLocation, StateLocation
from aegis_batch.adapters.outbound.state.present_schema import refuse_unless_current
from aegis_batch.domain.errors import StateUnavailable

__all__ = ["StateDatabase"]


class StateDatabase:
    """Opens transactions on the state; several threads may share it.

    ``name`` is what people call it by. ``engine`` is for whatever else keeps its tables in the same
    database: what it begins has the same limits and locks.
    """

    def __init__(
        self,
        location: StateLocation | ServerLocation,
        busy_timeout_seconds: float = 10.0,
        connect_seconds: float = 30.0,
        frozen_seconds: float = 5.0,
    ) -> None:
        """Take where it is; nothing is opened yet.

        A lock is waited for ``busy_timeout_seconds``, a server for ``connect_seconds``. A server
        gives up who is frozen while it writes after ``frozen_seconds``, which must be less than
        any process waits for a lock; what it began is undone.
        """
        self._ground: Ground = ground_of(
            location, busy_timeout_seconds, connect_seconds, frozen_seconds
        )
        self.name = self._ground.name
        self.engine: Engine = self._ground.engine
        self._busy_timeout_seconds = busy_timeout_seconds
        self._is_known_current = False
        self._lock = Lock()
        self._owner: int | None = None

    @property
    def is_file(self) -> bool:
        """Whether a file holds it, and not a server."""
        return self._ground.file is not None

    @property
    def file(self) -> Path:
        """The file that holds it; ``ValueError`` where a server does."""
        file = self._ground.file
        if file is None:
            raise ValueError(self.name)
        return file

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that may write, on the present schema.

        Committed where the context ends well, undone where it doesn't. Raises
        ``StateUnavailable`` and ``StateMisfit``; ``RuntimeError`` for one within another of the
        same thread: a defect, since it would wait for itself.
        """
        with self._one_at_a_time(), self._transaction(self._ground.writing) as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def beside(self) -> Iterator[Connection]:
        """Open a transaction that may write a row which no turn writes; it waits for no turn.

        In a file there is one writer at a time all the same. Raises as ``writing`` does.
        """
        with self._transaction(self._ground.beside) as connection:
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
        with self._transaction(self._ground.reading) as connection:
            self._check(connection)
            yield connection
            connection.rollback()

    @contextmanager
    def on_any_schema(self, *, is_writing: bool) -> Iterator[Connection]:
        """Open a transaction whatever the schema, so that it can be looked at or changed."""
        options = self._ground.migrating if is_writing else self._ground.reading
        with self._transaction(options) as connection:
            yield connection

    def make(self) -> None:
        """Make what can be made where there is nothing yet: the file, for this account alone.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        self._ground.make()

    def close(self) -> None:
        """Close the connections that are at rest."""
        self.engine.dispose()

    def _check(self, connection: Connection) -> None:
        if not self._is_known_current:
            refuse_unless_current(connection, self.name)
            self._is_known_current = True

    @contextmanager
    def _transaction(self, options: Options) -> Iterator[Connection]:
        self._ground.refuse_missing()
        with self._ground.telling(), self.engine.connect() as connection:
            connection.execution_options(**options)
            with self._ground.bounded(connection), connection.begin():
                yield connection

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        # A database would let them wait too, but SQLite asleep and in no order, and PostgreSQL with
        # a connection for each.
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
