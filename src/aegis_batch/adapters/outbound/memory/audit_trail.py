"""The audit trail in memory."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.audit import AuditEntry

__all__ = ["InMemoryAuditTrail"]


class InMemoryAuditTrail:
    """Keeps entries in the order in which they came."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: list[AuditEntry] = []

    def add(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        self._log.changed(self._kept.pop)
        self._kept.append(entry)

    def newest(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries, newest first."""
        return self._kept[::-1][:limit]
