"""The time by which executors give signs of life."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

__all__ = ["present_time"]


def present_time(connection: Connection, now: Callable[[], datetime]) -> datetime:
    """Return the time of the server, by which all machines go; without one, that of this one."""
    if connection.dialect.name != "postgresql":
        return now()
    at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return at.astimezone(UTC)
