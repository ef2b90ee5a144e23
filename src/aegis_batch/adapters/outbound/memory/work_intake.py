"""Work that is taken into a queue in memory."""

from collections import Counter
from collections.abc import Collection, Mapping

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.work_queue import Work

__all__ = ["InMemoryWorkIntake"]


class InMemoryWorkIntake:
    """Takes work within the turns of an ``InMemoryState``, for the queue whose intake it is.

    ``queued``, ``begun`` and ``broken_off`` are the work of the queue by its id, ``ended`` the ids
    of all that was carried out or withdrawn, ``holder_of`` who began each last; what changes them
    writes to ``log``.
    """

    def __init__(self, log: UndoLog) -> None:
        """Take what the state writes its changes to as well, so that both change as one."""
        self.log = log
        self.queued: dict[str, Work] = {}
        self.begun: dict[str, Work] = {}
        self.broken_off: dict[str, Work] = {}
        self.ended: dict[str, None] = {}
        self.holder_of: dict[str, str] = {}

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

    def holders(self) -> Collection[str]:
        """Return the names of the executors that have begun work and not ended it."""
        return {self.holder_of[work_id] for work_id in self.begun}

    def take_back(self, executors: Collection[str]) -> Mapping[str, int]:
        """Queue again, in front, what executors have begun and not ended; return how many each."""
        back = [work for work in self.begun.values() if self.holder_of[work.id] in executors]
        for work in back:
            self.log.drop(self.begun, work.id)
            self.log.put(self.broken_off, work.id, work)
        return Counter(self.holder_of[work.id] for work in back)

    def holds(self, work_id: str) -> bool:
        """Say whether work is queued or under way."""
        return any(work_id in kept for kept in (self.queued, self.begun, self.broken_off))
