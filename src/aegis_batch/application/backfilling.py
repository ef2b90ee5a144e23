"""Carries backfills on: a few runs at a time, the next where one has ended."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.dead_letter_decisions import decide
from aegis_batch.application.ledger import LedgerTurn, first_work_id
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.audit import AuditEntry
from aegis_batch.domain.backfill import (
    PERIODS_MAX,
    Backfill,
    BackfillState,
    Deed,
    Fate,
    PlannedPeriod,
    Reprocess,
)
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.events import BackfillEnded
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["Backfilling", "InFlight", "given_back", "in_flight_of"]

# Bad days must not hold up the days after them; but where all is bad, it makes no sense to go on.
_WAITING_MAX = 10
_BATCH = 200
_ACTIVE = frozenset({RunState.QUEUED, RunState.RUNNING})
_WAITING = frozenset({RunState.WAITING})


@dataclass(frozen=True, slots=True)
class InFlight:
    """How many runs of a backfill are queued or under way, and how many are to be tried again."""

    active: int
    waiting: int

    def free(self, max_active: int) -> int:
        """Return how many more runs may start now."""
        return 0 if self.waiting >= _WAITING_MAX else max(max_active - self.active, 0)


def in_flight_of(turn: LedgerTurn, backfill: Backfill) -> InFlight:
    """Return what of a backfill is in flight."""

    def count(states: frozenset[RunState]) -> int:
        wanted = RunFilter(parent=backfill.id, states=states)
        return len(turn.state.runs.search(wanted, PERIODS_MAX))

    return InFlight(count(_ACTIVE), count(_WAITING))


class Backfilling:
    """Starts the runs of backfills within turns, each in its order and at its time."""

    def __init__(self, identifiers: Identifiers) -> None:
        """Take the source of ids."""
        self._identifiers = identifiers

    def go_on(self, turn: LedgerTurn, backfill_id: str) -> None:
        """Start as many runs as may be in flight; after the last has ended, so has the backfill.

        Only where it is running. A period that others have taken care of since it was planned, or
        that is in their hands, is passed over.
        """
        backfill = turn.state.backfills.get(backfill_id)
        if backfill is None or backfill.state is not BackfillState.RUNNING:
            return
        in_flight = in_flight_of(turn, backfill)
        free, changed = in_flight.free(backfill.max_active), list[PlannedPeriod]()
        started = 0
        coming = _coming(turn, backfill)
        while started < free and (planned := next(coming, None)) is not None:
            if planned.deed is Deed.LEAVE or planned.run_id is not None or planned.fate is not None:
                continue
            settled = self._begin(turn, backfill, planned)
            changed.append(settled)
            if settled.fate is None:
                started += 1
            else:
                backfill = _counted(backfill, settled.fate)
        following = next(coming, None)
        next_day = None if following is None else following.period.first_day
        backfill = replace(backfill, next_day=next_day)
        if backfill.next_day is None and started + in_flight.active + in_flight.waiting == 0:
            backfill = replace(backfill, state=BackfillState.ENDED, ended_at=turn.now)
            _announce(turn, backfill)
        turn.state.backfills.save(backfill, changed)

    def ended(self, turn: LedgerTurn, record: RunRecord) -> None:
        """Keep how one of a backfill's runs ended, and go on."""
        assert record.parent is not None  # noqa: S101 - runs of backfills have one
        backfill = turn.state.backfills.get(record.parent)
        if backfill is None:
            return
        day = record.key.period.first_day
        planned = turn.state.backfills.periods(backfill.id, day, 1)[0]
        if record.state is RunState.CANCELLED:
            backfill, planned = given_back(backfill, planned)
        else:
            fate = Fate.DONE if record.state is RunState.SUCCEEDED else Fate.FAILED
            backfill, planned = _counted(backfill, fate), replace(planned, fate=fate)
        turn.state.backfills.save(backfill, [planned])
        self.go_on(turn, backfill.id)

    def _begin(self, turn: LedgerTurn, backfill: Backfill, planned: PlannedPeriod) -> PlannedPeriod:
        """Start the run of a period; where that makes no sense any more, settle it."""
        key = CloseKey(backfill.tenant, planned.period)
        standing = standing_of(turn.state, key, backfill.backend).standing
        if standing is Standing.IN_FLIGHT:
            return replace(planned, fate=Fate.SKIPPED)
        if standing is Standing.CLOSED and planned.deed is not Deed.REBUILD:
            return replace(planned, fate=Fate.DONE)
        letter = turn.state.dead_letters.open_of(key) if standing is Standing.DEAD else None
        if letter is not None and backfill.reprocess is Reprocess.NONE:
            return replace(planned, fate=Fate.SKIPPED)
        record = self._record(turn, backfill, planned, letter)
        turn.dispatch(record, newest_first=backfill.newest_first)
        if letter is not None:
            _replay(turn, backfill, letter, record.id)
        return replace(planned, run_id=record.id)

    def _record(
        self,
        turn: LedgerTurn,
        backfill: Backfill,
        planned: PlannedPeriod,
        letter: DeadLetter | None,
    ) -> RunRecord:
        run_id = self._identifiers.new_run_id()
        return RunRecord(
            id=run_id,
            trace_id=self._identifiers.new_trace_id(),
            job=JobKind.REBUILD if planned.deed is Deed.REBUILD else JobKind.CLOSE,
            key=CloseKey(backfill.tenant, planned.period),
            trigger=Trigger.BACKFILL,
            requested_by=backfill.started_by or backfill.planned_by,
            state=RunState.QUEUED,
            work_id=first_work_id(run_id),
            enqueued_at=turn.now,
            due_at=turn.now,
            parent=backfill.id,
            replay_of=None if letter is None else letter.run_id,
        )


def given_back(backfill: Backfill, planned: PlannedPeriod) -> tuple[Backfill, PlannedPeriod]:
    """Return both with a period that is to be done once more, since its run was cancelled."""
    day = planned.period.first_day
    next_day = day if backfill.is_behind(day) else backfill.next_day
    return replace(backfill, next_day=next_day), replace(planned, run_id=None)


def _coming(turn: LedgerTurn, backfill: Backfill) -> Iterator[PlannedPeriod]:
    """Yield the periods that have not been looked at yet, in their order."""
    next_day = backfill.next_day
    while next_day is not None:
        found = turn.state.backfills.periods(
            backfill.id, next_day, _BATCH, newest_first=backfill.newest_first
        )
        yield from found[: _BATCH - 1]
        next_day = found[-1].period.first_day if len(found) == _BATCH else None


def _counted(backfill: Backfill, fate: Fate) -> Backfill:
    if fate is Fate.DONE:
        return replace(backfill, done=backfill.done + 1)
    if fate is Fate.FAILED:
        return replace(backfill, failed=backfill.failed + 1)
    return replace(backfill, skipped=backfill.skipped + 1)


def _replay(turn: LedgerTurn, backfill: Backfill, letter: DeadLetter, run_id: str) -> None:
    operator = backfill.started_by or backfill.planned_by
    reason = f"backfill {backfill.id}"
    decided = decide(letter, turn, DeadLetterState.REPLAYED, operator, reason)
    turn.state.dead_letters.save(replace(decided, replayed_as=run_id))
    turn.state.audit.add(
        AuditEntry(turn.now, operator, "dead_letter.replay", letter.run_id, reason)
    )


def _announce(turn: LedgerTurn, backfill: Backfill) -> None:
    turn.tell(
        BackfillEnded(
            at=turn.now,
            backfill_id=backfill.id,
            done=backfill.done,
            failed=backfill.failed,
            skipped=backfill.skipped,
        )
    )
    turn.announce(
        NoticeKind.MESSAGE,
        key=f"backfill:{backfill.id}",
        event=BackfillEnded.name,
        text=f"The backfill from {backfill.first_day} to {backfill.last_day} has ended:"
        f" {backfill.done} done, {backfill.failed} failed, {backfill.skipped} left to others."
        f" See: aegis-batch backfill status {backfill.id}",
    )
