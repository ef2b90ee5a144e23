"""Requests that were answered, in memory."""

from datetime import datetime

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.answered_requests import AnsweredRequest

__all__ = ["InMemoryAnsweredRequests"]


class InMemoryAnsweredRequests:
    """Keeps answered requests by their key."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, AnsweredRequest] = {}

    def find(self, key: str) -> AnsweredRequest | None:
        """Return the request of a key; ``None`` where there was none."""
        return self._kept.get(key)

    def keep(self, request: AnsweredRequest) -> None:
        """Keep a request, in the place of the one with its key."""
        self._log.put(self._kept, request.key, request)

    def forget(self, answered_before: datetime, limit: int) -> int:
        """Delete requests answered before an instant, oldest first; return how many."""
        old = sorted(
            (each.answered_at, each.key)
            for each in self._kept.values()
            if each.answered_at < answered_before
        )[:limit]
        for _, key in old:
            self._log.drop(self._kept, key)
        return len(old)
