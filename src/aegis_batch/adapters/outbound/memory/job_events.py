"""Events that have come, in memory."""

from datetime import datetime

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.job_event import JobEvent

__all__ = ["InMemoryJobEvents"]

_INBOX = "event_inbox"


class InMemoryJobEvents:
    """Keeps which events have come, and when."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[tuple[str, str], datetime] = {}
        self._positions: dict[str, int] = {}

    def add(self, event: JobEvent, come_at: datetime) -> bool:
        """Keep that an event has come, unless one of its tenant and id has; say if it was new."""
        key = (event.tenant, event.id)
        if key in self._kept:
            return False
        self._log.put(self._kept, key, come_at)
        return True

    def position(self) -> int:
        """Return up to which number the inbox was read; 0 before the first."""
        return self._positions.get(_INBOX, 0)

    def advance(self, position: int) -> None:
        """Keep up to which number the inbox was read; it never goes back."""
        self._log.put(self._positions, _INBOX, max(position, self.position()))

    def forget(self, come_before: datetime, limit: int) -> int:
        """Delete events that came before an instant, oldest first; return how many."""
        old = sorted((at, key) for key, at in self._kept.items() if at < come_before)[:limit]
        for _, key in old:
            self._log.drop(self._kept, key)
        return len(old)
