"""Work that is taken into a queue in memory."""

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.work_queue import Work

__all__ = ["InMemoryWorkIntake"]


class InMemoryWorkIntake:
    """Takes work within the turns of an ``InMemoryState``, for the queue whose intake it is.

    ``queued``, ``begun`` and ``broken_off`` are the work of the queue by its id, ``ended`` the ids
    of all that was carried out or withdrawn; what changes them writes to ``log``.
    """

    def __init__(self, log: UndoLog) -> None:
        """Take what the state writes its changes to as well, so that both change as one."""
        self.log = log
        self.queued: dict[str, Work] = {}
        self.begun: dict[str, Work] = {}
        self.broken_off: dict[str, Work] = {}
        self.ended: dict[str, None] = {}

    def enqueue(self, work: Work) -> None:
        """Queue work; an id that is known already changes nothing."""
        if self.holds(work.id) or work.id in self.ended:
            return
        self.log.put(self.queued, work.id, work)

    def withdraw(self, work_id: str) -> None:
        """Take work back that has not begun."""
        if work_id in self.queued:
            self.log.drop(self.queued, work_id)
            self.log.put(self.ended, work_id, None)

    def holds(self, work_id: str) -> bool:
        """Say whether work is queued or under way."""
        return any(work_id in kept for kept in (self.queued, self.begun, self.broken_off))
