"""The state in memory."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from aegis_batch.adapters.outbound.memory.answered_requests import InMemoryAnsweredRequests
from aegis_batch.adapters.outbound.memory.audit_trail import InMemoryAuditTrail
from aegis_batch.adapters.outbound.memory.backfill_tenants import InMemoryBackfillTenants
from aegis_batch.adapters.outbound.memory.backfills import InMemoryBackfills
from aegis_batch.adapters.outbound.memory.breakers import InMemoryBreakers
from aegis_batch.adapters.outbound.memory.dead_letters import InMemoryDeadLetters
from aegis_batch.adapters.outbound.memory.executors import InMemoryExecutors
from aegis_batch.adapters.outbound.memory.job_definitions import InMemoryJobDefinitions
from aegis_batch.adapters.outbound.memory.job_events import InMemoryJobEvents
from aegis_batch.adapters.outbound.memory.job_results import InMemoryJobResults
from aegis_batch.adapters.outbound.memory.job_totals import InMemoryJobTotals
from aegis_batch.adapters.outbound.memory.known_tenants import InMemoryKnownTenants
from aegis_batch.adapters.outbound.memory.leases import InMemoryLeases
from aegis_batch.adapters.outbound.memory.many_runs import InMemoryManyRuns
from aegis_batch.adapters.outbound.memory.many_schedules import InMemoryManySchedules
from aegis_batch.adapters.outbound.memory.many_seals import InMemoryManySeals
from aegis_batch.adapters.outbound.memory.notices import InMemoryNotices
from aegis_batch.adapters.outbound.memory.occurrences import InMemoryOccurrences
from aegis_batch.adapters.outbound.memory.open_runs import InMemoryOpenRuns
from aegis_batch.adapters.outbound.memory.rate_limits import InMemoryRateLimits
from aegis_batch.adapters.outbound.memory.retention import InMemoryRetention
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.adapters.outbound.memory.scheduler_pauses import InMemorySchedulerPauses
from aegis_batch.adapters.outbound.memory.schedules import InMemorySchedules
from aegis_batch.adapters.outbound.memory.seals import InMemorySeals
from aegis_batch.adapters.outbound.memory.timeline import InMemoryTimeline
from aegis_batch.adapters.outbound.memory.turn import InMemoryTurn
from aegis_batch.adapters.outbound.memory.verifications import InMemoryVerifications
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.errors import AegisError

__all__ = ["InMemoryState"]


def _stands_still() -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC)


class InMemoryState:
    """Keeps the state, and the queue of work in the same transactions.

    It outlives whatever uses it, as a database does: a program that is thrown away in mid-turn
    leaves it as it was before that turn.

    ``begin_faults`` and ``commit_faults`` hold errors that the next turns raise, oldest first:
    before anything is done, or at the end, with everything undone. One of ``late_faults`` is
    raised after the turn was committed, as by a connection that breaks just then.
    """

    def __init__(
        self, queue: InMemoryWorkQueue, now: Callable[[], datetime] = _stands_still
    ) -> None:
        """Take the queue of work, and start with nothing.

        ``now`` tells when executors give signs of life; without it they never grow silent.
        """
        self._log = log = queue.log
        self.now = now
        seals, schedules = InMemorySeals(log), InMemorySchedules(log)
        runs, timeline = InMemoryRuns(log, seals.has_of), InMemoryTimeline(log)
        occurrences, dead_letters = InMemoryOccurrences(log), InMemoryDeadLetters(log)
        executors = InMemoryExecutors(log, now)
        self._turn = InMemoryTurn(
            schedules=schedules,
            occurrences=occurrences,
            runs=runs,
            many_runs=InMemoryManyRuns(runs, dead_letters),
            timeline=timeline,
            dead_letters=dead_letters,
            retention=InMemoryRetention(log, runs, timeline, occurrences, dead_letters, executors),
            seals=seals,
            many_seals=InMemoryManySeals(seals),
            many_schedules=InMemoryManySchedules(schedules),
            verifications=InMemoryVerifications(log),
            backfills=InMemoryBackfills(log, runs),
            backfill_tenants=InMemoryBackfillTenants(log),
            audit=InMemoryAuditTrail(log),
            known_tenants=InMemoryKnownTenants(log),
            notices=InMemoryNotices(log),
            executors=executors,
            leases=InMemoryLeases(log, executors.living),
            breakers=InMemoryBreakers(log),
            rate_limits=InMemoryRateLimits(log, now),
            answered_requests=InMemoryAnsweredRequests(log),
            job_definitions=InMemoryJobDefinitions(log),
            job_events=InMemoryJobEvents(log),
            job_results=InMemoryJobResults(log),
            job_totals=InMemoryJobTotals(log),
            open_runs=InMemoryOpenRuns(runs),
            scheduler_pauses=InMemorySchedulerPauses(log),
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
    def beside(self) -> Iterator[InMemoryTurn]:
        """Open a transaction of its own for signs of life, which no fault of a turn befalls."""
        with self._log.transaction():
            yield self._turn

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open a transaction to read in: always undone. It waits for the turn that is open."""
        _raise_next(self.begin_faults)
        with self._log.transaction(keeps=False):
            yield self._turn


def _raise_next(faults: deque[AegisError]) -> None:
    if faults:
        raise faults.popleft()
