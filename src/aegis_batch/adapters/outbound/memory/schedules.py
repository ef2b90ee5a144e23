"""Schedules in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice, takewhile

from aegis_batch.adapters.outbound.memory.sorted_index import SortedIndex
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.schedule import ScheduleState

__all__ = ["InMemorySchedules"]

_DUE = "due"


class InMemorySchedules:
    """Keeps schedules by their name, and those that will fire in the order of their next time."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, ScheduleState] = {}
        self._index = SortedIndex(log)

    def get(self, name: str) -> ScheduleState | None:
        """Return a schedule; ``None`` where there is none of the name."""
        return self._kept.get(name)

    def save(self, state: ScheduleState) -> None:
        """Keep a schedule, in the place of the one with its name."""
        name = state.schedule.name
        before = self._kept.get(name)
        self._log.put(self._kept, name, state)
        if before is not None and before.next_at is not None and not before.retired:
            self._index.remove(_DUE, (before.next_at, name))
        if state.next_at is not None and not state.retired:
            self._index.add(_DUE, (state.next_at, name))

    def due(self, now: datetime, limit: int) -> Sequence[ScheduleState]:
        """Return schedules whose next time has come, longest due first, then by name."""
        found = takewhile(lambda item: item[0] <= now, self._index.of(_DUE))
        return [self._kept[name] for _, name in islice(found, limit)]

    def all(self) -> Sequence[ScheduleState]:
        """Return all schedules in the order of their names."""
        return [self._kept[name] for name in sorted(self._kept)]

    def next_due_at(self) -> datetime | None:
        """Return the earliest next time of any schedule that isn't retired."""
        first = next(iter(self._index.of(_DUE)), None)
        return None if first is None else first[0]
