"""A few connections to a database, kept for a process that comes back to it again and again."""

import select
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from aegis_batch.adapters.postgresql.dialing import dial
from aegis_batch.adapters.postgresql.silence import Silence

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

__all__ = ["BEGIN", "open_pool", "set_locally"]

# For ``Connection.execution_options``: what a transaction says first, in place of the usual.
BEGIN: Final = "aegis_begin"

_KEPT: Final = 2
_NEW: Final = "aegis_new"
_RESTED: Final = "aegis_rested"
_PING_SECONDS: Final = 5.0
# A server that answered so long ago is asked nothing; one that has gone since has said so.
_FRESH_SECONDS: Final = 1.0


def open_pool(
    url: URL, *, connect_seconds: float, connections_max: int, wait_seconds: float, begin: str
) -> Engine:
    """Return an engine that makes connections as ``dial`` does, and keeps two of them.

    Nothing is connected yet. A connection that died at rest is replaced before it is used; one
    whose server is frozen, too, unless it was in use a second ago.
    ``begin`` is what each transaction says first, statements without parameters: limits that hold
    for it alone, since through a pooler a session's settings would be others' too.
    ``wait_seconds`` is for how long a connection is waited for where all are in use.
    """
    engine = create_engine(
        # Without the address, so that no text about the engine can show a secret.
        "postgresql+psycopg://",
        creator=partial(dial, url, connect_seconds),
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=connections_max - _KEPT,
        pool_timeout=wait_seconds,
        # Values belong in no error's text.
        hide_parameters=True,
        use_native_hstore=False,
    )
    event.listen(engine, "connect", _mark_new)
    event.listen(engine, "checkin", _mark_rested)
    event.listen(engine, "checkout", _pinging(engine.dialect.do_ping))
    event.listen(engine, "begin", partial(_begin, begin))
    return engine


def set_locally(**settings: float | str) -> str:
    """Return statements that set what the server knows by these names, for one transaction.

    A number is a time in seconds.
    """
    values = {
        name: f"'{value}'" if isinstance(value, str) else f"{max(1, round(value * 1000))}"
        for name, value in settings.items()
    }
    return "; ".join(f"SET LOCAL {name} = {value}" for name, value in values.items())


def _mark_new(_: object, entry: ConnectionPoolEntry) -> None:
    entry.info[_NEW] = True


def _mark_rested(_: object, entry: ConnectionPoolEntry) -> None:
    entry.info[_RESTED] = time.monotonic()


def _is_fresh(connection: Any, entry: ConnectionPoolEntry) -> bool:  # noqa: ANN401 - the driver's
    rested = entry.info.get(_RESTED)
    if rested is None or time.monotonic() - rested > _FRESH_SECONDS:
        return False
    # What a server sends unasked is that it has gone.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _pinging(
    ping: "Callable[[DBAPIConnection], bool]",
) -> Callable[[Any, ConnectionPoolEntry, object], None]:
    def check(connection: Any, entry: ConnectionPoolEntry, _: object) -> None:  # noqa: ANN401 - the driver's
        if entry.info.pop(_NEW, False) or _is_fresh(connection, entry):
            return
        try:
            # SQLAlchemy's own ping would wait for ever for a server that is frozen.
            with Silence().broken_after(_PING_SECONDS, connection.fileno()):
                ping(connection)
        except psycopg.Error as error:
            raise DisconnectionError from error

    return check


def _begin(usual: str, connection: Connection) -> None:
    driver = connection.connection.dbapi_connection
    if getattr(driver, "autocommit", False):
        # There is no transaction for which anything could be set.
        return
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, usual))
