"""The reports' database: one transaction for a deed, bounded in time, and nothing kept open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import sqlalchemy as sa
import stamina
from sqlalchemy import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from aegis_batch.adapters.outbound.postgres.connecting import Dialer
from aegis_batch.adapters.outbound.postgres.database import engine_over
from aegis_batch.adapters.outbound.postgres.derived.errors import (
    ReportsBrokeOff,
    silent,
    told,
    told_of,
)
from aegis_batch.adapters.outbound.postgres.errors import DRIVER_ERRORS
from aegis_batch.adapters.postgresql.address import place_of
from aegis_batch.adapters.postgresql.dialing import ATTEMPT_SECONDS_MAX
from aegis_batch.adapters.postgresql.silence import Silence
from aegis_batch.domain.errors import OrdersMisfit, OrdersUnreachable

if TYPE_CHECKING:
    import psycopg

__all__ = ["ReportsDatabase", "longest_deed_seconds"]

_Result = TypeVar("_Result")

# A report is a few rows: what takes longer waits for a lock, or for a server that is ill.
_STATEMENT_SECONDS = 30.0
_SILENCE_GRACE_SECONDS = 5.0
_ATTEMPTS_MAX = 3
_REPEAT_WAIT_SECONDS = 0.1
_REPEAT_WAIT_SECONDS_MAX = 2.0


class ReportsDatabase:
    """Carries out deeds in transactions of their own; several threads may share it.

    ``place`` is where it is, without user and password.
    """

    def __init__(
        self,
        url: URL,
        *,
        connect_seconds: float = 30.0,
        statement_timeout_seconds: float = _STATEMENT_SECONDS,
        silence_grace_seconds: float = _SILENCE_GRACE_SECONDS,
    ) -> None:
        """Take a URL as ``parse_reports_url`` returns it; nothing is opened before a deed.

        ``connect_seconds`` bounds connecting, all attempts together. The server ends a statement
        after ``statement_timeout_seconds``; a transaction that has lasted twice as long, and the
        grace, is ended here.
        """
        self.place = place_of(url)
        dialer = Dialer(url, connect_seconds, writes=True)
        self._engine = engine_over(dialer.dial)
        self._engine_once = engine_over(partial(dialer.dial, once=True))
        self._statement_timeout_seconds = statement_timeout_seconds
        self._transaction_seconds = 2 * statement_timeout_seconds + silence_grace_seconds

    def carry_out(self, deed: Callable[[Connection], _Result], *, once: bool = False) -> _Result:
        """Do a deed in one transaction, commit it, and return its result.

        What breaks off is done again from its beginning, three times at most, so that the deed
        must bear that; with ``once`` nothing is tried again.

        Raises ``BackendRefused`` and ``BackendUnavailable``, and what the deed itself raises.
        """
        attempts = stamina.retry_context(
            on=ReportsBrokeOff,
            attempts=1 if once else _ATTEMPTS_MAX,
            timeout=None,
            wait_initial=_REPEAT_WAIT_SECONDS,
            wait_max=_REPEAT_WAIT_SECONDS_MAX,
            wait_jitter=_REPEAT_WAIT_SECONDS,
        )
        for attempt in attempts:
            with attempt:
                return self._carry_out_once(deed, once=once)
        raise AssertionError  # pragma: no cover - stamina returns or raises

    def _carry_out_once(self, deed: Callable[[Connection], _Result], *, once: bool) -> _Result:
        silence = Silence()
        try:
            with self._transaction(silence, once=once) as connection:
                return deed(connection)
        except DRIVER_ERRORS as error:
            if silence.was_broken:
                raise silent(self._statement_timeout_seconds) from None
            raise told(error) from None

    @contextmanager
    def _transaction(self, silence: Silence, *, once: bool) -> Iterator[Connection]:
        engine = self._engine_once if once else self._engine
        try:
            connection = engine.connect()
        except (OrdersMisfit, OrdersUnreachable) as error:
            # What dials tells of the orders' database.
            raise told_of(error) from None
        is_done = False
        try:
            driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
            with silence.broken_after(self._transaction_seconds, driver.fileno()):
                _limit(connection, self._statement_timeout_seconds)
                yield connection
                connection.commit()
            is_done = True
        finally:
            if not is_done:
                # Without a word to the server, which then undoes the transaction.
                with suppress(SQLAlchemyError):
                    connection.invalidate()
            connection.close()


def longest_deed_seconds(connect_seconds: float, *, once: bool = False) -> float:
    """Return how long a deed can take at most, with all its repetitions.

    An attempt to connect that began in time may end after it.
    """
    one_deed_seconds = (
        connect_seconds + ATTEMPT_SECONDS_MAX + 2 * _STATEMENT_SECONDS + _SILENCE_GRACE_SECONDS
    )
    if once:
        return one_deed_seconds
    waits_seconds = (_ATTEMPTS_MAX - 1) * _REPEAT_WAIT_SECONDS_MAX
    return _ATTEMPTS_MAX * one_deed_seconds + waits_seconds


def _limit(connection: Connection, statement_timeout_seconds: float) -> None:
    # For this transaction alone: through a pooler, a session's settings would be others' too.
    timeout = f"{statement_timeout_seconds * 1000:.0f}"
    connection.execute(sa.select(sa.func.set_config("statement_timeout", timeout, True)))  # noqa: FBT003 - PostgreSQL's own argument
