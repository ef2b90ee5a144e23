"""Rate limits in a table."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import rate_limits
from aegis_batch.application.ports.rate_limits import Reserved
from aegis_batch.domain.rate_limit import RateLimit, reserve

__all__ = ["SqlRateLimits"]


class SqlRateLimits:
    """Keeps the next free slots by the limit's name, within a transaction; three statements."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        """Take the connection that the transaction is open on, and what tells its time."""
        self._connection = connection
        self._now = now

    def reserve(self, limits: Mapping[str, RateLimit], permits: int, within: timedelta) -> Reserved:
        """Reserve permits in all the limits at once; see the port."""
        statement = select(rate_limits).where(rate_limits.c.name.in_(limits))
        rows = statements.read(self._connection, statement, lambda row: (row.name, row.next_at))
        kept = dict(rows)
        now = self._now()
        wanted = [(limit, kept.get(name)) for name, limit in limits.items()]
        slots = reserve(wanted, now, permits, within)
        if slots.permits:
            new = zip(limits, slots.next_at, strict=True)
            statements.put(
                self._connection,
                rate_limits,
                [{"name": name, "next_at": next_at} for name, next_at in new],
            )
        return Reserved(slots.permits, slots.first_at - now)
