"""The state in memory."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from aegis_batch.adapters.outbound.memory.audit_trail import InMemoryAuditTrail
from aegis_batch.adapters.outbound.memory.backfills import InMemoryBackfills
from aegis_batch.adapters.outbound.memory.dead_letters import InMemoryDeadLetters
from aegis_batch.adapters.outbound.memory.notices import InMemoryNotices
from aegis_batch.adapters.outbound.memory.occurrences import InMemoryOccurrences
from aegis_batch.adapters.outbound.memory.retention import InMemoryRetention
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.adapters.outbound.memory.schedules import InMemorySchedules
from aegis_batch.adapters.outbound.memory.seals import InMemorySeals
from aegis_batch.adapters.outbound.memory.timeline import InMemoryTimeline
from aegis_batch.adapters.outbound.memory.turn import InMemoryTurn
from aegis_batch.adapters.outbound.memory.verifications import InMemoryVerifications
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.errors import AegisError

__all__ = ["InMemoryState"]


class InMemoryState:
    """Keeps the state, and the queue of work in the same transactions.

    It outlives whatever uses it, as a database does: a program that is thrown away in mid-turn
    leaves it as it was before that turn.

    ``begin_faults`` and ``commit_faults`` hold errors that the next turns raise, oldest first:
    before anything is done, or at the end, with everything undone. One of ``late_faults`` is
    raised after the turn was committed, as by a connection that breaks just then.
    """

    def __init__(self, queue: InMemoryWorkQueue) -> None:
        """Take the queue of work, and start with nothing."""
        self._log = log = queue.log
        seals = InMemorySeals(log)
        runs, timeline = InMemoryRuns(log, seals.has_of), InMemoryTimeline(log)
        occurrences, dead_letters = InMemoryOccurrences(log), InMemoryDeadLetters(log)
        self._turn = InMemoryTurn(
            schedules=InMemorySchedules(log),
            occurrences=occurrences,
            runs=runs,
            timeline=timeline,
            dead_letters=dead_letters,
            retention=InMemoryRetention(runs, timeline, occurrences, dead_letters),
            seals=seals,
            verifications=InMemoryVerifications(log),
            backfills=InMemoryBackfills(log),
            audit=InMemoryAuditTrail(log),
            notices=InMemoryNotices(log),
            work=queue.intake,
        )
        self.begin_faults: deque[AegisError] = deque()
        self.commit_faults: deque[AegisError] = deque()
        self.late_faults: deque[AegisError] = deque()

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Open a transaction: kept where the context ends well, undone where it doesn't."""
        _raise_next(self.begin_faults)
        with self._log.transaction():
            yield self._turn
            _raise_next(self.commit_faults)
        _raise_next(self.late_faults)

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open a transaction to read in: always undone. It waits for the turn that is open."""
        _raise_next(self.begin_faults)
        with self._log.transaction(keeps=False):
            yield self._turn


def _raise_next(faults: deque[AegisError]) -> None:
    if faults:
        raise faults.popleft()
