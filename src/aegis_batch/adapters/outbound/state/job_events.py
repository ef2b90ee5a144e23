"""Events that have come, in a table."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.job_tables import job_events
from aegis_batch.adapters.outbound.state.shared_tables import counters
from aegis_batch.domain.job_event import JobEvent

__all__ = ["SqlJobEvents"]

_INBOX = "event_inbox"


class SqlJobEvents:
    """Keeps which events have come, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, event: JobEvent, come_at: datetime) -> bool:
        """Keep that an event has come, unless one of its tenant and id has; say if it was new."""
        row = {
            "tenant": event.tenant,
            "event_id": event.id,
            "type": event.type,
            "come_at": come_at,
        }
        return statements.add_new(self._connection, job_events, row)

    def position(self) -> int:
        """Return up to which number the inbox was read; 0 before the first."""
        statement = select(counters.c.value).where(counters.c.name == _INBOX)
        return self._connection.scalar(statement) or 0

    def advance(self, position: int) -> None:
        """Keep up to which number the inbox was read; it never goes back."""
        row = {"name": _INBOX, "value": max(position, self.position())}
        statements.put(self._connection, counters, row)

    def forget(self, come_before: datetime, limit: int) -> int:
        """Delete events that came before an instant, oldest first; return how many."""
        key = (job_events.c.tenant, job_events.c.event_id)
        old = select(*key).where(job_events.c.come_at < come_before)
        oldest = old.order_by(job_events.c.come_at, *key).limit(limit)
        statement = delete(job_events).where(tuple_(*key).in_(oldest))
        return self._connection.execute(statement).rowcount
