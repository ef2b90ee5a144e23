"""The state in a database on a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from aegis_batch.adapters.outbound.state.errors import StateDefectError
from aegis_batch.adapters.postgresql.pooling import BEGIN, open_pool, set_locally
from aegis_batch.adapters.postgresql.silence import Silence
from aegis_batch.adapters.postgresql.state_errors import (
    DRIVER_ERRORS,
    name_of,
    silent,
    state_error_of,
)

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Connection

    from aegis_batch.adapters.outbound.state.grounds import Options
    from aegis_batch.adapters.outbound.state.location import ServerLocation

__all__ = ["ServerGround"]

# Any number will do that no other program picks for its locks in the same database.
_TURNS_LOCK: Final = 0x41454749_53535441
_CONNECTIONS_MAX: Final = 10
_STATEMENT_SECONDS: Final = 30.0
_MIGRATION_SECONDS: Final = 600.0
# Whoever opened a transaction works in it; who says nothing for so long is gone, or frozen. Where
# others wait for what it holds, the limit is a much smaller one.
_IDLE_SECONDS: Final = 30.0
_SILENCE_GRACE_SECONDS: Final = 10.0


class ServerGround:
    """A database on a server; see ``Ground``.

    Turns that write take one lock, which all processes of all machines share, and give it back
    with their transaction: so it holds through a pooler in transaction mode, too. What they read
    after it they see as the turn before left it (``READ COMMITTED``). A look takes no lock and
    sees one moment (``REPEATABLE READ``, ``READ ONLY``).

    A process that is frozen within a turn holds up all others, whether it says nothing or takes in
    no answer: the server breaks its transaction off.
    """

    file = None

    def __init__(
        self,
        location: "ServerLocation",
        lock_seconds: float,
        connect_seconds: float,
        frozen_seconds: float,
    ) -> None:
        """Take where it is, and how long a lock and a connection are waited for.

        ``frozen_seconds`` is after how long the server gives up a process that is frozen while it
        writes; less than a lock is waited for, so that whoever waits has its turn.
        """
        self.name = location.name
        self._transaction_seconds = lock_seconds + 2 * _STATEMENT_SECONDS + _SILENCE_GRACE_SECONDS
        self.writing: Options = {"isolation_level": "READ COMMITTED"}
        self.beside: Options = {
            "isolation_level": "READ COMMITTED",
            # Others may wait for its rows within a turn.
            BEGIN: _limits(lock_seconds, _STATEMENT_SECONDS, frozen_seconds),
        }
        self.reading: Options = {
            "isolation_level": "REPEATABLE READ",
            "postgresql_readonly": True,
            BEGIN: _limits(lock_seconds, _STATEMENT_SECONDS, _IDLE_SECONDS),
        }
        self.migrating: Options = {
            **self.writing,
            BEGIN: _turn(lock_seconds, _MIGRATION_SECONDS, _IDLE_SECONDS),
        }
        self.engine = open_pool(
            location.url,
            connect_seconds=connect_seconds,
            connections_max=_CONNECTIONS_MAX,
            wait_seconds=lock_seconds,
            begin=_turn(lock_seconds, _STATEMENT_SECONDS, frozen_seconds),
        )

    def make(self) -> None:
        """Make nothing: the database is made by whoever runs the server."""

    def refuse_missing(self) -> None:
        """Find nothing out: that takes a connection."""

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Let no error of the driver out."""
        try:
            yield
        except DRIVER_ERRORS as error:
            # Without the chain: it may hold what the server said.
            defect = StateDefectError(name_of(error))
            raise state_error_of(error, self.name) or defect from None

    @contextmanager
    def bounded(self, connection: "Connection") -> Iterator[None]:
        """Break a transaction off whose server has fallen silent."""
        silence = Silence()
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        is_migrating = connection.get_execution_options().get(BEGIN) == self.migrating[BEGIN]
        seconds = self._transaction_seconds + (2 * _MIGRATION_SECONDS if is_migrating else 0.0)
        try:
            with silence.broken_after(seconds, driver.fileno()):
                yield
        except DRIVER_ERRORS:
            if silence.was_broken:
                raise silent(self.name) from None
            raise


def _limits(lock_seconds: float, statement_seconds: float, frozen_seconds: float) -> str:
    return set_locally(
        lock_timeout=lock_seconds,
        statement_timeout=max(statement_seconds, 2 * lock_seconds),
        idle_in_transaction_session_timeout=frozen_seconds,
        # Who takes in no answer is not idle, and no other limit ends it: it counts from the moment
        # at which the network has room for no more.
        tcp_user_timeout=frozen_seconds,
        datestyle="ISO, YMD",
        timezone="UTC",
    )


def _turn(lock_seconds: float, statement_seconds: float, frozen_seconds: float) -> str:
    limits = _limits(lock_seconds, statement_seconds, frozen_seconds)
    return f"{limits}; SELECT pg_catalog.pg_advisory_xact_lock({_TURNS_LOCK})"
