"""Many runs at a time, in memory."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from aegis_batch.adapters.outbound.memory.dead_letters import InMemoryDeadLetters
from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.application.ports.many_runs import CloseFact
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["InMemoryManyRuns"]

_WITH_WORK = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


class InMemoryManyRuns:
    """Keeps many runs one after the other."""

    def __init__(self, runs: InMemoryRuns, dead_letters: InMemoryDeadLetters) -> None:
        """Take what keeps them, and their dead letters."""
        self._runs = runs
        self._dead_letters = dead_letters

    def add(self, records: Sequence[RunRecord]) -> None:
        """Keep new runs; ``ValueError`` where the id of any is known."""
        for record in records:
            self._runs.add(record)

    def save(self, records: Sequence[RunRecord]) -> None:
        """Keep known runs as they are now; ``KeyError`` where any isn't known."""
        for record in records:
            self._runs.save(record)

    def of_work(self, work_id: str, among: Collection[str] | None = None) -> Sequence[RunRecord]:
        """Return the runs that a piece of work is the present attempt at, in order of their ids."""
        found = self._runs.of(("work", work_id))
        wanted = [record for record in found if among is None or record.id in among]
        return sorted(wanted, key=lambda record: record.id)

    def works(self, after: str, limit: int) -> Sequence[str]:
        """Return the ids of work at runs that were begun or wait to be, behind one, in order."""
        going = (record for state in _WITH_WORK for record in self._runs.of(("state", state)))
        return sorted({record.work_id for record in going if record.work_id > after})[:limit]

    def closes(
        self,
        tenants: Collection[str],
        first_day: date,
        last_day: date,
        *,
        kind: PeriodKind = PeriodKind.DAY,
        job: JobKind = JobKind.CLOSE,
    ) -> Sequence[CloseFact]:
        """Return facts about the closes of periods; see the port."""
        days = (first_day + timedelta(ahead) for ahead in range((last_day - first_day).days + 1))
        begun = [day for day in days if Period.holding(kind, day).first_day == day]
        return [
            fact
            for tenant in tenants
            for day in begun
            for fact in self._facts(CloseKey(tenant, Period(kind, day)), job)
        ]

    def _facts(self, key: CloseKey, job: JobKind) -> Iterator[CloseFact]:
        for record in self._runs.of(("key", key)):
            is_over = record.state in (RunState.FAILED, RunState.CANCELLED)
            if record.job is job and not is_over:
                yield CloseFact(key, record.id, record.state, record.backend)
        for letter in self._dead_letters.of(key, 1_000):
            if letter.job is job and letter.state is DeadLetterState.OPEN:
                yield CloseFact(key, letter.run_id, RunState.FAILED, None)
