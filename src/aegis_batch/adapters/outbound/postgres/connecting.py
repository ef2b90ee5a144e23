"""Opens a connection to the orders' database, again and again within a bounded time."""

from typing import Any

import psycopg
from psycopg import IsolationLevel
from sqlalchemy import URL

from aegis_batch.adapters.outbound.postgres.errors import translate_refusal
from aegis_batch.adapters.postgresql.dialing import dial
from aegis_batch.adapters.postgresql.refusals import ConnectionRefused

__all__ = ["Dialer"]


class Dialer:
    """Connects to one database, for reading alone unless it is told otherwise.

    A connection starts transactions as ``REPEATABLE READ`` and ``READ ONLY``, or ``READ COMMITTED``
    where it ``writes``. See ``dial`` for what is tried again.
    """

    def __init__(self, url: URL, connect_seconds: float, *, writes: bool = False) -> None:
        """Take a URL as ``parse_database_url`` returns it, and the time in total."""
        self._url = url
        self._connect_seconds = connect_seconds
        self._writes = writes

    def dial(self, *, once: bool = False) -> "psycopg.Connection[Any]":
        """Return an open connection; with ``once`` a failure is final.

        Raises ``OrdersUnreachable`` and ``OrdersMisfit``.
        """
        try:
            connection = dial(self._url, self._connect_seconds, once=once)
        except ConnectionRefused as refused:
            raise translate_refusal(refused) from None
        if self._writes:
            connection.isolation_level = IsolationLevel.READ_COMMITTED
        else:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
        return connection
