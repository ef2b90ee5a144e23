"""The laws of backfills: the planned runs and no others, a few at a time, behind tonight's."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.domain.backfill import (
    Backfill,
    BackfillState,
    Deed,
    Fate,
    PeriodStanding,
    PlannedPeriod,
)
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from tests.simulation.law import BrokenLawError
from tests.simulation.snapshots import Snapshots
from tests.simulation.watched_state import Changes

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["BackfillLaws"]

_ACTIVE = (RunState.QUEUED, RunState.RUNNING)


@dataclass(slots=True)
class _Known:
    """A backfill as it was saved last, with its plan and its newest run of each period."""

    backfill: Backfill
    plan: dict[Period, PlannedPeriod]
    fates: dict[Period, Fate] = field(default_factory=dict)
    runs: dict[Period, RunRecord] = field(default_factory=dict)


class BackfillLaws:
    """Knows each plan as it was made, and every run that came of it."""

    def __init__(
        self,
        snapshots: Snapshots,
        backend: InMemoryReportGateway,
        queue: InMemoryWorkQueue,
        reached: Callable[[str], None],
    ) -> None:
        """Take what was shown, and the world behind the faults."""
        self._snapshots = snapshots
        self._backend = backend
        self._queue = queue
        self._reached = reached
        self._known: dict[str, _Known] = {}
        # When the work was taken that is carried out now.
        self.taken_at: datetime | None = None
        # What the engine goes on with first, since it was broken off.
        self.broken_off: set[str] = set()

    def of_commit(
        self,
        changes: Changes,
        closed: Callable[[], Collection[CloseKey]],
        going: Collection[CloseKey],
        unfinished: Mapping[str, RunRecord],
    ) -> None:
        """Hold what was written of backfills and their runs against their plans."""
        for backfill, periods in changes.backfills:
            known = self._known.get(backfill.id)
            if known is None:
                plan = {planned.period: planned for planned in periods}
                self._known[backfill.id] = _Known(backfill, plan)
                self._of_a_state(backfill)
                continue
            before, known.backfill = known.backfill, backfill
            for planned in periods:
                self._of_a_period(known, planned)
            if before.state is not backfill.state:
                self._of_a_state(backfill)
            if before.state is BackfillState.PLANNED and backfill.state is BackfillState.RUNNING:
                rebuilt = {r.key for r in unfinished.values() if r.job is JobKind.REBUILD}
                self._of_a_start(known, closed(), going, rebuilt)
        for before_run, run in changes.runs:
            if run.trigger is Trigger.BACKFILL:
                self._of_a_run(before_run, run, unfinished)
        for backfill, _ in changes.backfills:
            self._of_counts(self._known[backfill.id], changes)

    def of_calm(self) -> None:
        """After hours without any trouble, whatever was started has come to its end."""
        for known in self._known.values():
            if known.backfill.state is BackfillState.RUNNING:
                raise BrokenLawError(f"a backfill goes on and on: {known.backfill}")

    def _of_a_state(self, backfill: Backfill) -> None:
        self._reached(f"backfill: {backfill.state}")

    def _of_a_period(self, known: _Known, planned: PlannedPeriod) -> None:
        told = known.plan[planned.period]
        if (planned.standing, planned.deed) != (told.standing, told.deed):
            raise BrokenLawError(f"{planned.period} is planned for {planned.deed} afterwards")
        fate = known.fates.get(planned.period)
        if fate is not None and planned.fate is not fate:
            raise BrokenLawError(f"{planned.period} was {fate}, and is {planned.fate}")
        if planned.fate is None:
            return
        if planned.deed is Deed.LEAVE:
            raise BrokenLawError(f"{planned.period} was to be left alone, and is {planned.fate}")
        key = CloseKey(known.backfill.tenant, planned.period)
        if planned.fate is Fate.DONE and key not in self._backend.stored:
            raise BrokenLawError(f"{planned.period} is done, and has no report")
        known.fates[planned.period] = planned.fate
        if fate is None:
            self._reached(f"backfill: {planned.deed} is {planned.fate}")

    def _of_a_start(
        self,
        known: _Known,
        closed: Collection[CloseKey],
        going: Collection[CloseKey],
        rebuilt: Collection[CloseKey],
    ) -> None:
        """What is started stands as it was planned, as far as anybody could know."""
        attempt = self._snapshots.attempt
        if attempt.is_interrupted:
            return
        for period, planned in known.plan.items():
            key = CloseKey(known.backfill.tenant, period)
            is_closed = key in closed or attempt.found.get(key) is not None
            if key in rebuilt:
                has_moved = planned.standing is not PeriodStanding.IN_FLIGHT
            else:
                has_moved = (is_closed and not planned.standing.is_closed) or (
                    key in going and planned.standing in (PeriodStanding.OPEN, PeriodStanding.DEAD)
                )
            if has_moved and planned.standing is not PeriodStanding.UNASKED:
                raise BrokenLawError(f"started, though {period} was {planned.standing} then")

    def _of_a_run(
        self, before: RunRecord | None, run: RunRecord, unfinished: Mapping[str, RunRecord]
    ) -> None:
        known, period = self._known[run.parent or ""], run.key.period
        if before is None:
            self._of_a_new_run(known, run)
        elif before.state is not RunState.RUNNING and run.state is RunState.RUNNING:
            self._of_tonight(run, unfinished)
        known.runs[period] = run
        active = sum(each.state in _ACTIVE for each in known.runs.values())
        if before is None and active > known.backfill.max_active:
            raise BrokenLawError(f"{active} runs at once, and not {known.backfill.max_active}")
        if active == known.backfill.max_active:
            self._reached("backfill: as many runs as may be")

    def _of_a_new_run(self, known: _Known, run: RunRecord) -> None:
        period = run.key.period
        planned, last = known.plan.get(period), known.runs.get(period)
        if planned is None or planned.deed is Deed.LEAVE:
            raise BrokenLawError(f"the run {run.id}, of {period}, was never planned")
        if not _is_as_planned(run, planned):
            raise BrokenLawError(f"{period} was to be done by {planned.deed}, and is {run.job}")
        if last is not None and last.state is not RunState.CANCELLED:
            raise BrokenLawError(f"{period} is done again, after the run {last.id}")
        if known.backfill.state is not BackfillState.RUNNING:
            raise BrokenLawError(f"the backfill of {period} is {known.backfill.state}, and goes on")
        self._reached(f"backfill: {period.kind}")
        if planned.standing is PeriodStanding.DOUBTED:
            self._reached(f"backfill: {planned.deed} of a day in doubt")

    def _of_tonight(self, run: RunRecord, unfinished: Mapping[str, RunRecord]) -> None:
        """A close of tonight that may begin comes before any run of a backfill."""
        is_in_order = run.work_id not in self.broken_off and not self._snapshots.is_beside
        if not is_in_order or self._snapshots.attempt.is_interrupted:
            return
        for other in unfinished.values():
            if other.trigger is not Trigger.NIGHT or other.state is not RunState.QUEUED:
                continue
            was_due = self.taken_at is not None and other.due_at < self.taken_at
            if was_due and not self._queue.lost([other.work_id]):
                raise BrokenLawError(f"{run.key.period} comes before tonight's {other.key.period}")
            self._reached("backfill: while tonight's wait")

    def _of_counts(self, known: _Known, changes: Changes) -> None:
        backfill = known.backfill
        counted = tuple(
            sum(fate is each for fate in known.fates.values())
            for each in (Fate.DONE, Fate.FAILED, Fate.SKIPPED)
        )
        if counted != (backfill.done, backfill.failed, backfill.skipped):
            raise BrokenLawError(f"{counted} periods are done, failed and skipped: {backfill}")
        is_told = f"backfill:{backfill.id}" in {notice.key for notice in changes.notices}
        if backfill.state is not BackfillState.ENDED:
            if is_told:
                raise BrokenLawError(f"the end of {backfill.id} is told, and it is not over")
            return
        to_do = [period for period, each in known.plan.items() if each.deed is not Deed.LEAVE]
        left = [period for period in to_do if period not in known.fates]
        if left or any(not run.state.is_final for run in known.runs.values()):
            raise BrokenLawError(f"the backfill {backfill.id} has ended without {left}")


def _is_as_planned(run: RunRecord, planned: PlannedPeriod) -> bool:
    """Say whether a run does what was planned: of a closed period it derives it again."""
    if planned.deed is Deed.REPLAY and planned.standing is PeriodStanding.DEAD:
        # It may have been closed since, and have come into doubt.
        return run.job is JobKind.CLOSE or run.replay_of is not None
    if planned.deed is Deed.REPLAY and run.replay_of is None:
        return False
    return (run.job is JobKind.REBUILD) == planned.standing.is_closed
