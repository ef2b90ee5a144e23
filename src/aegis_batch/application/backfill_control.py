"""What people see of backfills, and do about those that were started."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aegis_batch.application.backfilling import Backfilling, given_back
from aegis_batch.application.ledger import Ledger, LedgerTurn
from aegis_batch.application.ports.backfills import InFlight
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import (
    PERIODS_MAX,
    Backfill,
    BackfillState,
    Fate,
    PlannedPeriod,
)
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, RunState

__all__ = [
    "BackfillControl",
    "BackfillProgress",
    "BackfillView",
    "NotDone",
    "cancelled",
    "unknown_plan",
]

_NAMED_MAX = 1_000
_FAILED = frozenset({RunState.FAILED})
_IN_FLIGHT = frozenset({RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a backfill has come, and what of it is in flight."""

    backfill: Backfill
    in_flight: InFlight

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to be carried out, be it that it was cancelled."""
        is_running = self.backfill.state is BackfillState.RUNNING
        return not is_running and self.in_flight.active == 0


@dataclass(frozen=True, slots=True)
class NotDone:
    """A tenant's period that came to an end without being done, and why, if its run says so."""

    key: CloseKey
    fate: Fate
    run_id: str | None
    outcome: Outcome | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class BackfillView:
    """A backfill with its progress, its periods, and those that were not done; oldest first.

    Where it is of all tenants, the first thousand that failed are named; what was left to others is
    counted alone.
    """

    progress: BackfillProgress
    periods: tuple[PlannedPeriod, ...]
    not_done: tuple[NotDone, ...]

    @property
    def backfill(self) -> Backfill:
        """The backfill itself."""
        return self.progress.backfill


class BackfillControl:
    """Shows backfills, and cancels and resumes them."""

    def __init__(self, ledger: Ledger, backfilling: Backfilling) -> None:
        """Take the ledger, and what carries backfills on."""
        self._ledger = ledger
        self._backfilling = backfilling

    def newest(self, limit: int) -> Sequence[Backfill]:
        """Return the backfills that were planned last, the last one first."""
        with self._ledger.turn() as turn:
            return turn.state.backfills.newest(limit)

    def progress(self, backfill_id: str) -> BackfillProgress:
        """Return how far a backfill has come; ``InvalidRequest`` for an unknown one."""
        with self._ledger.turn() as turn:
            backfill = _get(turn, backfill_id)
            return BackfillProgress(backfill, turn.state.backfills.in_flight(backfill.id))

    def view(self, backfill_id: str) -> BackfillView:
        """Return all there is to know of a backfill; ``InvalidRequest`` for an unknown one."""
        with self._ledger.turn() as turn:
            backfill = _get(turn, backfill_id)
            progress = BackfillProgress(backfill, turn.state.backfills.in_flight(backfill.id))
            periods = turn.state.backfills.periods(backfill_id, None, PERIODS_MAX)
            if backfill.is_of_everyone:
                not_done = _not_done_of_everyone(turn, backfill)
            else:
                not_done = [
                    _not_done(turn, CloseKey(backfill.tenant, planned.period), planned)
                    for planned in periods
                    if planned.fate in (Fate.FAILED, Fate.SKIPPED)
                ]
        return BackfillView(progress, tuple(periods), tuple(not_done))

    def cancel(self, backfill_id: str, operator: str, reason: str) -> Backfill:
        """Start no more of its runs, and cancel those that wait; what is under way ends.

        Cancelled twice, nothing happens. Raises ``InvalidRequest`` for an unknown backfill, one
        that has ended, or without a reason.
        """
        if not reason.strip():
            raise InvalidRequest(
                "reason_missing",
                "The reason is empty.",
                "Say why, with --reason: the audit keeps it.",
            )
        with self._ledger.turn() as turn:
            backfill = _get(turn, backfill_id)
            if backfill.state is BackfillState.CANCELLED:
                return backfill
            if backfill.state is BackfillState.ENDED:
                raise _ended(backfill)
            backfill = replace(backfill, state=BackfillState.CANCELLED)
            given: Sequence[PlannedPeriod] = ()
            if backfill.is_of_everyone:
                self._backfilling.cancel_runs(turn, backfill)
            else:
                backfill, given = self._cancel_runs(turn, backfill)
            turn.state.backfills.save(backfill, given)
            turn.state.audit.add(
                AuditEntry(turn.now, operator, "backfill.cancel", backfill_id, reason)
            )
        return backfill

    def resume(self, backfill_id: str, operator: str, *, is_left_alone: bool = False) -> Backfill:
        """Let a cancelled backfill go on where it was; one that runs goes on as it does.

        With ``is_left_alone`` no process carries out what runs, and whoever asks takes it up: that
        stands in the audit, as does what was cancelled and goes on.

        Raises ``InvalidRequest`` for an unknown backfill, and for one that never ran or has ended.
        """
        with self._ledger.turn() as turn:
            backfill = _get(turn, backfill_id)
            if backfill.state is BackfillState.ENDED:
                raise _ended(backfill)
            if backfill.started_at is None and backfill.state is BackfillState.CANCELLED:
                raise cancelled(backfill)
            if backfill.started_at is None:
                raise InvalidRequest(
                    "backfill_not_started",
                    f"The backfill {backfill_id} was planned, and never started.",
                    f"Start it with: aegis-batch backfill --yes {backfill_id}",
                )
            was_cancelled = backfill.state is BackfillState.CANCELLED
            if was_cancelled:
                turn.state.backfills.save(replace(backfill, state=BackfillState.RUNNING))
            if was_cancelled or is_left_alone:
                turn.state.audit.add(
                    AuditEntry(turn.now, operator, "backfill.resume", backfill_id, "")
                )
            self._backfilling.go_on(turn, backfill_id)
            return _get(turn, backfill_id)

    def _cancel_runs(
        self, turn: LedgerTurn, backfill: Backfill
    ) -> tuple[Backfill, list[PlannedPeriod]]:
        wanted = RunFilter(parent=backfill.id, states=_IN_FLIGHT)
        given: list[PlannedPeriod] = []
        for record in turn.state.runs.search(wanted, PERIODS_MAX):
            if record.state is RunState.RUNNING:
                # It can't be broken off; the attempt under way is its last.
                turn.state.runs.save(replace(record, cancel_requested=True))
                continue
            turn.state.work.withdraw(record.work_id)
            turn.cancel(record, "its backfill was cancelled")
            day = record.key.period.first_day
            planned = turn.state.backfills.periods(backfill.id, day, 1)[0]
            backfill, planned = given_back(turn, backfill, planned, record)
            given.append(planned)
        return backfill, given


def unknown_plan(backfill_id: str) -> InvalidRequest:
    """Return the error of whoever names a plan that there is not."""
    return InvalidRequest(
        "unknown_plan",
        f"There is no backfill {backfill_id if backfill_id.strip() else 'without an id'}.",
        "See which there are: aegis-batch backfill status",
    )


def cancelled(backfill: Backfill) -> InvalidRequest:
    """Return the error of whoever starts what was cancelled."""
    if backfill.started_at is None:
        return InvalidRequest(
            "backfill_cancelled",
            f"The backfill {backfill.id} was cancelled before it was started.",
            "Plan the range again.",
        )
    return InvalidRequest(
        "backfill_cancelled",
        f"The backfill {backfill.id} was started before, and then cancelled.",
        f"Let it go on with: aegis-batch backfill resume {backfill.id}",
    )


def _get(turn: LedgerTurn, backfill_id: str) -> Backfill:
    backfill = turn.state.backfills.get(backfill_id)
    if backfill is None:
        raise unknown_plan(backfill_id)
    return backfill


def _ended(backfill: Backfill) -> InvalidRequest:
    return InvalidRequest(
        "backfill_ended",
        f"The backfill {backfill.id} has ended.",
        "Plan the range again, with --reprocess failed for what failed in it.",
    )


def _not_done(turn: LedgerTurn, key: CloseKey, planned: PlannedPeriod) -> NotDone:
    assert planned.fate is not None  # noqa: S101 - it came to an end
    record = None if planned.run_id is None else turn.state.runs.get(planned.run_id)
    if record is None:
        return NotDone(key, planned.fate, planned.run_id, None, None)
    return NotDone(key, planned.fate, planned.run_id, record.outcome, record.problem)


def _not_done_of_everyone(turn: LedgerTurn, backfill: Backfill) -> list[NotDone]:
    wanted = RunFilter(parent=backfill.id, states=_FAILED, oldest_first=True)
    return [
        NotDone(record.key, Fate.FAILED, record.id, record.outcome, record.problem)
        for record in turn.state.runs.search(wanted, _NAMED_MAX)
    ]
