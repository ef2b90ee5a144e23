"""Opens a connection to a database, again and again within a bounded time."""

import math
import time
from collections.abc import Callable
from typing import Any

import psycopg
import stamina
from sqlalchemy import URL

from aegis_batch.adapters.postgresql.refusals import ConnectionRefused, Refusal, refusal_of

__all__ = ["ATTEMPT_SECONDS_MAX", "dial"]

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
# What a URL has no say in: the time is bounded by a setting, and text is UTF-8.
_OURS = frozenset({"connect_timeout", "client_encoding"})


def dial(
    url: URL, connect_seconds: float, *, once: bool = False
) -> "psycopg.Connection[tuple[Any, ...]]":
    """Return an open connection to a database; with ``once`` a failure is final.

    A serverless database sleeps and a restarted server comes back: whatever may pass is tried
    again, with growing waits, until ``connect_seconds`` have gone. A wrong password or an unknown
    database won't pass. A connection works through a pooler in transaction mode: no prepared
    statements, no options, no state.

    Raises ``ConnectionRefused``.
    """
    deadline = time.monotonic() + connect_seconds
    # The error that decides has words of our own, so what stamina logs of it is safe.
    attempts = stamina.retry_context(
        on=_is_worth_another_try(deadline),
        attempts=1 if once else None,
        timeout=connect_seconds,
        wait_initial=_WAIT_SECONDS_INITIAL,
        wait_max=_WAIT_SECONDS_MAX,
        wait_jitter=_WAIT_SECONDS_INITIAL,
    )
    for attempt in attempts:
        with attempt:
            return _dial_once(url, deadline - time.monotonic())
    raise AssertionError  # pragma: no cover - stamina returns or raises


def _dial_once(url: URL, seconds_left: float) -> "psycopg.Connection[tuple[Any, ...]]":
    seconds = math.ceil(max(1.0, min(ATTEMPT_SECONDS_MAX, seconds_left)))
    try:
        connection = psycopg.connect(**_arguments(url), connect_timeout=seconds)
    except (psycopg.Error, OSError, ValueError) as error:
        # ValueError: Python can't write the host's name as one (UnicodeError is such a one).
        raise ConnectionRefused(refusal_of(error)) from None
    connection.prepare_threshold = None
    return connection


def _arguments(url: URL) -> dict[str, Any]:
    arguments = url.translate_connect_args(username="user", database="dbname")
    options = {key: value for key, value in url.query.items() if key not in _OURS}
    return {**_DEFAULTS, **arguments, **options, "client_encoding": "utf8"}


def _is_worth_another_try(deadline: float) -> Callable[[Exception], bool]:
    def decide(error: Exception) -> bool:
        is_passing = isinstance(error, ConnectionRefused) and error.refusal is Refusal.PASSING
        return is_passing and time.monotonic() < deadline

    return decide
