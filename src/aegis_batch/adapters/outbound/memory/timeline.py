"""The history of single runs, in memory."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.run_record import TimelineEntry

__all__ = ["InMemoryTimeline"]

_ENTRIES_MAX = 200


class InMemoryTimeline:
    """Keeps the last entries of each run."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, tuple[TimelineEntry, ...]] = {}

    def add(self, entries: Sequence[TimelineEntry]) -> None:
        """Keep entries behind those that their runs have; the oldest give way."""
        for entry in entries:
            longer = (*self._kept.get(entry.run_id, ()), entry)
            self._log.put(self._kept, entry.run_id, longer[-_ENTRIES_MAX:])

    def forget(self, run_id: str) -> None:
        """Take the history of a run away, if there is one."""
        if run_id in self._kept:
            self._log.drop(self._kept, run_id)

    def of(self, run_id: str) -> Sequence[TimelineEntry]:
        """Return the entries of a run, in the order in which they were added."""
        return self._kept.get(run_id, ())
