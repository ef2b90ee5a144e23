"""Opens a connection to the orders' database, again and again within a bounded time."""

import math
import time
from collections.abc import Callable
from typing import Any

import psycopg
import stamina
from psycopg import IsolationLevel
from sqlalchemy import URL

from aegis_batch.adapters.outbound.postgres.errors import translate_refusal
from aegis_batch.domain.errors import OrdersUnreachable

__all__ = ["ATTEMPT_SECONDS_MAX", "Dialer"]

ATTEMPT_SECONDS_MAX = 10.0
_WAIT_SECONDS_INITIAL = 0.2
_WAIT_SECONDS_MAX = 5.0

# What a URL may set otherwise. A dead line is noticed after a minute, idle or not.
_DEFAULTS = {
    "application_name": "aegis-batch",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


class Dialer:
    """Connects to one database, for reading alone unless it is told otherwise.

    A serverless database sleeps and a restarted server comes back: whatever may pass is tried
    again, with growing waits, until ``connect_seconds`` have gone. A wrong password or an unknown
    database won't pass. A connection starts transactions as ``REPEATABLE READ`` and ``READ ONLY``,
    or ``READ COMMITTED`` where it ``writes``, and works through a pooler in transaction mode: no
    prepared statements, no options, no state.
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
        deadline = time.monotonic() + self._connect_seconds
        # The error that decides is the domain's, so what stamina logs of it is safe.
        attempts = stamina.retry_context(
            on=_is_worth_another_try(deadline),
            attempts=1 if once else None,
            timeout=self._connect_seconds,
            wait_initial=_WAIT_SECONDS_INITIAL,
            wait_max=_WAIT_SECONDS_MAX,
            wait_jitter=_WAIT_SECONDS_INITIAL,
        )
        for attempt in attempts:
            with attempt:
                return self._dial_once(deadline - time.monotonic())
        raise AssertionError  # pragma: no cover - stamina returns or raises

    def _dial_once(self, seconds_left: float) -> "psycopg.Connection[Any]":
        seconds = math.ceil(max(1.0, min(ATTEMPT_SECONDS_MAX, seconds_left)))
        try:
            connection = psycopg.connect(**self._arguments(), connect_timeout=seconds)
        except (psycopg.Error, OSError, ValueError) as error:
            # ValueError: Python can't write the host's name as one (UnicodeError is such a one).
            raise translate_refusal(error) from None
        connection.prepare_threshold = None
        if self._writes:
            connection.isolation_level = IsolationLevel.READ_COMMITTED
        else:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
        return connection

    def _arguments(self) -> dict[str, Any]:
        arguments = self._url.translate_connect_args(username="user", database="dbname")
        options = {key: value for key, value in self._url.query.items() if key not in _OURS}
        return {**_DEFAULTS, **arguments, **options, "client_encoding": "utf8"}


# What a URL has no say in: the time is bounded by a setting, and text is UTF-8.
_OURS = frozenset({"connect_timeout", "client_encoding"})


def _is_worth_another_try(deadline: float) -> Callable[[Exception], bool]:
    def decide(error: Exception) -> bool:
        return isinstance(error, OrdersUnreachable) and time.monotonic() < deadline

    return decide
