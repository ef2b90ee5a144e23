"""Decisions about nominal times, in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from aegis_batch.adapters.outbound.memory.sorted_index import SortedIndex
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.schedule import Occurrence

__all__ = ["InMemoryOccurrences"]


class InMemoryOccurrences:
    """Keeps one decision for each schedule and nominal time."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[tuple[str, datetime], Occurrence] = {}
        self._index = SortedIndex(log)

    def add(self, occurrence: Occurrence) -> None:
        """Keep a decision; ``ValueError`` where that nominal time was decided before."""
        key = (occurrence.schedule, occurrence.nominal)
        if key in self._kept:
            raise ValueError(f"decided before: {key}")
        self._log.put(self._kept, key, occurrence)
        self._index.add(occurrence.schedule, (occurrence.nominal,))

    def find(self, schedule: str, nominal: datetime) -> Occurrence | None:
        """Return the decision about a nominal time; ``None`` where it has not been decided."""
        return self._kept.get((schedule, nominal))

    def withdraw(self, schedule: str, after: datetime, limit: int) -> Sequence[Occurrence]:
        """Take away the newest decisions about nominal times after an instant; return them."""
        taken = [each for each in self.newest(schedule, limit) if each.nominal > after]
        for each in taken:
            self._log.drop(self._kept, (schedule, each.nominal))
            self._index.remove(schedule, (each.nominal,))
        return taken

    def newest(self, schedule: str, limit: int) -> Sequence[Occurrence]:
        """Return the decisions about a schedule's last nominal times, newest first."""
        newest = islice(reversed(self._index.of(schedule)), limit)
        return [self._kept[schedule, nominal] for (nominal,) in newest]

    def forget(self, decided_before: datetime, limit: int) -> int:
        """Take decisions away that were made before an instant, oldest first; return how many."""
        old = sorted(
            (occurrence.decided_at, *key)
            for key, occurrence in self._kept.items()
            if occurrence.decided_at < decided_before
        )[:limit]
        for _, schedule, nominal in old:
            self._log.drop(self._kept, (schedule, nominal))
            self._index.remove(schedule, (nominal,))
        return len(old)
