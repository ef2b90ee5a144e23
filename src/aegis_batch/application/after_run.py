"""What follows from the end of a run: the next one, and the word about the night."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.timings import whole_second
from aegis_batch.domain.job_status import FAILURES, JobStatus
from aegis_batch.domain.job_total import FAILED_BY_PRIORITY, JobTotal, bucket_of
from aegis_batch.domain.run import RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import ScheduleKind

__all__ = ["AfterRun", "Nights"]

_IN_FLIGHT = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


class Nights(Protocol):
    """Knows what follows for their night from runs that have ended."""

    def ended(self, turn: LedgerTurn, records: Sequence[RunRecord]) -> None:
        """Follow up, within the turn in which they ended, on runs that are final now."""
        ...

    def put_off(self, turn: LedgerTurn, record: RunRecord) -> None:
        """Follow up on a run that waits for its next attempt now."""
        ...


class AfterRun:
    """Does, within the turn in which a run ends, what its end brings about."""

    def __init__(self, nights: Nights, backfilling: Backfilling) -> None:
        """Take what looks after the nights, and what carries backfills on."""
        self._nights = nights
        self._backfilling = backfilling

    def ended(self, turn: LedgerTurn, records: Sequence[RunRecord]) -> None:
        """Follow up on runs that are final now."""
        for record in records:
            if record.schedule is not None:
                self._go_on(turn, record.schedule)
            if record.schedule is not None or record.task is not None:
                _count_end(turn, record)
        of_backfills = [record for record in records if record.trigger is Trigger.BACKFILL]
        if of_backfills:
            self._backfilling.ended(turn, of_backfills)
        self._nights.ended(turn, records)

    def put_off(self, turn: LedgerTurn, records: Sequence[RunRecord]) -> None:
        """Follow up on runs that wait for their next attempt now."""
        parents = [
            record.parent
            for record in records
            if record.trigger is Trigger.BACKFILL and record.parent is not None
        ]
        for parent in dict.fromkeys(parents):
            self._backfilling.go_on(turn, parent)
        for record in records:
            self._nights.put_off(turn, record)

    def left(self, turn: Turn) -> Sequence[str]:
        """Return the ids of backfills that no end of a run would bring on."""
        return self._backfilling.left(turn)

    def go_on(self, turn: LedgerTurn, backfill_id: str) -> None:
        """Go on with one of these."""
        self._backfilling.go_on(turn, backfill_id)

    def _go_on(self, turn: LedgerTurn, schedule: str) -> None:
        """Release what was held behind the run, and start the delay counted from its end."""
        if turn.state.runs.search(RunFilter(schedule=schedule, states=_IN_FLIGHT), 1):
            return
        held = turn.state.runs.search(
            RunFilter(schedule=schedule, states=frozenset({RunState.HELD}), oldest_first=True), 1
        )
        for record in held:
            turn.release(record)
        state = turn.state.schedules.get(schedule)
        if state is None or state.retired or held or state.next_at is not None:
            return
        timing = state.schedule.timing
        if timing.kind is ScheduleKind.FIXED_DELAY and timing.every is not None:
            next_at = whole_second(turn.now + timing.every)
            turn.state.schedules.save(replace(state, next_at=next_at))


def _count_end(turn: LedgerTurn, record: RunRecord) -> None:
    name = record.schedule if record.task is None else record.task.job_name
    name = name or record.job.value
    duration_ms = record.duration_ms or 0.0
    status = JobStatus.of(record)
    turn.state.job_totals.add(
        JobTotal(
            job=name,
            status=status.value,
            reason="" if record.problem is None else record.problem.code,
            bucket_seconds=bucket_of(duration_ms),
            count=1,
            duration_ms=duration_ms,
        )
    )
    if record.task is not None and status in FAILURES:
        priority = record.task.priority.value
        turn.state.job_totals.add(JobTotal(name, FAILED_BY_PRIORITY, priority, 0, 1, 0.0))
