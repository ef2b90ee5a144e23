"""An inbox of events in memory."""

from collections.abc import Sequence

from aegis_batch.application.ports.event_inbox import Horizon, InboxRow
from aegis_batch.domain.errors import AegisError

__all__ = ["InMemoryEventInbox"]


class InMemoryEventInbox:
    """Keeps rows that tests put into it; ``fault`` is raised in place of reading.

    ``now`` is the horizon: unless tests say so, no transaction goes on.
    """

    def __init__(self, rows: Sequence[InboxRow] = (), fault: AegisError | None = None) -> None:
        """Take the rows."""
        self.rows = list(rows)
        self.fault = fault
        self.now = Horizon(1, 1)

    def horizon(self) -> Horizon:
        """Return which transactions go on just now."""
        return self.now

    def read(self, after: int, limit: int) -> Sequence[InboxRow]:
        """Return rows behind a number, in the order of their numbers."""
        if self.fault is not None:
            raise self.fault
        behind = [row for row in self.rows if row.number > after]
        return sorted(behind, key=lambda row: row.number)[:limit]
