"""Notices on their way, in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice, takewhile

from aegis_batch.adapters.outbound.memory.sorted_index import SortedIndex
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.notice import Notice, NoticeState

__all__ = ["InMemoryNotices"]


class InMemoryNotices:
    """Keeps notices by their key."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, Notice] = {}
        self._index = SortedIndex(log)

    def add(self, notice: Notice) -> bool:
        """Keep a notice, unless one with its key is known; say whether it was new."""
        if notice.key in self._kept:
            return False
        self._log.put(self._kept, notice.key, notice)
        self._index.add(notice.state, (notice.due_at, notice.key))
        return True

    def save(self, notice: Notice) -> None:
        """Keep a known notice as it is now; ``KeyError`` where it isn't known."""
        before = self._kept[notice.key]
        self._log.put(self._kept, notice.key, notice)
        self._index.remove(before.state, (before.due_at, before.key))
        self._index.add(notice.state, (notice.due_at, notice.key))

    def due(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Return pending notices that are due, longest due first, then by key."""
        pending = self._index.of(NoticeState.PENDING)
        found = takewhile(lambda item: item[0] <= now, pending)
        return [self._kept[key] for _, key in islice(found, limit)]
