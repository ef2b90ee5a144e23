"""The orders' database: one connection for a read, one snapshot in it, and nothing kept."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import psycopg
import stamina
from sqlalchemy import URL, Connection, Engine, Executable, NullPool, Row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import SQLAlchemyError

from aegis_batch.adapters.outbound.postgres.connecting import Dialer
from aegis_batch.adapters.outbound.postgres.error_meanings import ReadBrokeOff
from aegis_batch.adapters.outbound.postgres.errors import DRIVER_ERRORS, translate
from aegis_batch.adapters.postgresql.address import place_of
from aegis_batch.adapters.postgresql.dialing import ATTEMPT_SECONDS_MAX
from aegis_batch.adapters.postgresql.silence import Silence
from aegis_batch.domain.errors import OrdersUnreachable

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

__all__ = ["OrdersDatabase", "Snapshot", "engine_over", "longest_read_seconds"]

_Result = TypeVar("_Result")

_READ_ATTEMPTS_MAX = 3
_RESTART_WAIT_SECONDS = 0.1
_RESTART_WAIT_SECONDS_MAX = 2.0
_SILENCE_GRACE_SECONDS = 5.0


class Snapshot:
    """One transaction that sees one state of the database, however many statements it runs."""

    def __init__(
        self, connection: Connection, statement_timeout_seconds: float, silence_seconds: float
    ) -> None:
        """Take an open connection, the server's limit for a statement and ours for its answer."""
        self.statement_timeout_seconds = statement_timeout_seconds
        self._connection = connection
        self._silence_seconds = silence_seconds
        self._silence = Silence()

    def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run a statement and return all of its rows; errors are those of the driver."""
        with self._bounded(self._silence_seconds):
            return self._connection.execute(statement).all()

    @property
    def fell_silent(self) -> bool:
        """Whether the server stopped answering, so that the connection was ended here."""
        return self._silence.was_broken

    def leave(self, seconds: float) -> None:
        """End the transaction and the connection; what was read stays good, whatever happens."""
        with suppress(*DRIVER_ERRORS), self._bounded(seconds):
            self._connection.rollback()
        self.drop()

    def drop(self) -> None:
        """End the connection without a word to the server, which then ends the transaction."""
        with suppress(SQLAlchemyError):
            self._connection.invalidate()
        self._connection.close()

    @contextmanager
    def _bounded(self, seconds: float) -> Iterator[None]:
        driver = cast("psycopg.Connection[Any]", self._connection.connection.driver_connection)
        with self._silence.broken_after(seconds, driver.fileno()):
            yield


class OrdersDatabase:
    """Lets work be done on a snapshot of the orders' database, and keeps no connection open."""

    def __init__(
        self,
        url: URL,
        *,
        connect_seconds: float = 30.0,
        statement_timeout_seconds: float = 600.0,
        silence_grace_seconds: float = _SILENCE_GRACE_SECONDS,
    ) -> None:
        """Take a URL as ``parse_database_url`` returns it; nothing is opened before a read.

        ``connect_seconds`` bounds connecting, all attempts together; a statement is ended by the
        server after ``statement_timeout_seconds``, and by us the grace later if the server has
        stopped answering.
        """
        self._place = place_of(url)
        dialer = Dialer(url, connect_seconds)
        self._engine = engine_over(dialer.dial)
        self._engine_once = engine_over(partial(dialer.dial, once=True))
        self._statement_timeout_seconds = statement_timeout_seconds
        self._silence_grace_seconds = silence_grace_seconds

    @property
    def place(self) -> str:
        """Where the database is, without user and password."""
        return self._place

    def read(
        self, work: Callable[[Snapshot], _Result], *, tables: Sequence[str], once: bool = False
    ) -> _Result:
        """Do work on a snapshot and return its result; ``tables`` are named in errors.

        A read that breaks off is started again from the beginning, three times at most, since
        half a snapshot is worth nothing; with ``once`` nothing is tried again.

        Raises ``OrdersUnreachable`` and ``OrdersMisfit``, and what the work itself raises.
        """
        attempts = stamina.retry_context(
            on=ReadBrokeOff,
            attempts=1 if once else _READ_ATTEMPTS_MAX,
            timeout=None,
            wait_initial=_RESTART_WAIT_SECONDS,
            wait_max=_RESTART_WAIT_SECONDS_MAX,
            wait_jitter=_RESTART_WAIT_SECONDS,
        )
        for attempt in attempts:
            with attempt:
                return self._read_once(work, tables, once=once)
        raise AssertionError  # pragma: no cover - stamina returns or raises

    def _read_once(
        self, work: Callable[[Snapshot], _Result], tables: Sequence[str], *, once: bool
    ) -> _Result:
        with self._snapshot(once=once) as snapshot:
            try:
                return work(snapshot)
            except DRIVER_ERRORS as error:
                if snapshot.fell_silent:
                    raise _silent(self._statement_timeout_seconds) from None
                raise translate(error, tables) from None

    @contextmanager
    def _snapshot(self, *, once: bool) -> Iterator[Snapshot]:
        engine = self._engine_once if once else self._engine
        snapshot = Snapshot(
            engine.connect(),
            self._statement_timeout_seconds,
            self._statement_timeout_seconds + self._silence_grace_seconds,
        )
        is_done = False
        try:
            yield snapshot
            is_done = True
        finally:
            if is_done:
                snapshot.leave(self._silence_grace_seconds)
            else:
                snapshot.drop()


def longest_read_seconds(
    connect_seconds: float, statement_timeout_seconds: float, statements: int, *, once: bool = False
) -> float:
    """Return how long a read of so many statements can take at most, with all its restarts.

    An attempt to connect that began in time may end after it.
    """
    one_read_seconds = (
        connect_seconds
        + ATTEMPT_SECONDS_MAX
        + statements * (statement_timeout_seconds + _SILENCE_GRACE_SECONDS)
        # Leaving the transaction.
        + _SILENCE_GRACE_SECONDS
    )
    if once:
        return one_read_seconds
    waits_seconds = (_READ_ATTEMPTS_MAX - 1) * _RESTART_WAIT_SECONDS_MAX
    return _READ_ATTEMPTS_MAX * one_read_seconds + waits_seconds


def engine_over(dial: Callable[[], "psycopg.Connection[Any]"]) -> Engine:
    """Return an engine whose connections are those of a dialer, each for one use alone."""
    # Put together by hand, because create_engine asks the server five questions on the first
    # connection, none of which matters here, and every one of them is a round trip. Its URL is
    # empty, so that no text about the engine can show a secret.
    dialect = PGDialect_psycopg(dbapi=psycopg, use_native_hstore=False)  # type: ignore[no-untyped-call]
    pool = NullPool(cast("Callable[[], DBAPIConnection]", dial), dialect=dialect)
    return Engine(pool, dialect, URL.create("postgresql+psycopg"), hide_parameters=True)


def _silent(statement_timeout_seconds: float) -> OrdersUnreachable:
    return OrdersUnreachable(
        "database_silent",
        "The orders' database stopped answering: a statement should have ended after"
        f" {statement_timeout_seconds:g} s by itself, and did not.",
        "See whether the server, or the network before it, hangs; try again later.",
    )
