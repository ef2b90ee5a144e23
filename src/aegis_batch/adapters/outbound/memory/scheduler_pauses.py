"""Pauses of the whole scheduler, and of groups of jobs, in memory."""

from collections.abc import Mapping

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.schedule import Pause

__all__ = ["InMemorySchedulerPauses"]


class InMemorySchedulerPauses:
    """Keeps pauses by their scope."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, Pause] = {}

    def all(self) -> Mapping[str, Pause]:
        """Return the pauses that there are, by their scope."""
        return dict(self._kept)

    def save(self, scope: str, pause: Pause) -> None:
        """Keep a pause, in the place of the one of the same scope."""
        self._log.put(self._kept, scope, pause)

    def remove(self, scope: str) -> None:
        """Take a pause away; where there is none, nothing happens."""
        if scope in self._kept:
            self._log.drop(self._kept, scope)
