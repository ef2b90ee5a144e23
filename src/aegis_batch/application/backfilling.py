"""Carries on backfills: starts the next runs, and keeps how those that were started ended."""

from collections.abc import Sequence
from dataclasses import replace

from aegis_batch.application.backfill_letters import open_again, replay
from aegis_batch.application.backfill_steps import fate_of, periods_now, run_of
from aegis_batch.application.backfilling_everyone import BackfillingEveryone, periods_in_order
from aegis_batch.application.day_standing import Standing
from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.backfills import InFlight
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.backfill import Backfill, BackfillState, Deed, Fate, PlannedPeriod
from aegis_batch.domain.job_events import BackfillEnded
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["Backfilling", "given_back"]

# Those beside the newest have waited long, and go on at the next look.
_NEWEST_MAX = 100


class Backfilling:
    """Starts the runs of backfills within turns, each in its order and at its time."""

    def __init__(self, identifiers: Identifiers, shard_tenants: int = 1) -> None:
        """Take the source of ids, and how many tenants are closed together at most."""
        self._identifiers = identifiers
        self._everyone = BackfillingEveryone(identifiers, shard_tenants)

    def go_on(self, turn: LedgerTurn, backfill_id: str) -> None:
        """Start as much work as may be in flight; after the last has ended, so has the backfill.

        Only where it is running. A period that others have taken care of since it was planned, or
        that is in their hands, is passed over.
        """
        backfill = turn.state.backfills.get(backfill_id)
        if backfill is None or backfill.state is not BackfillState.RUNNING:
            return
        if backfill.is_of_everyone:
            changed: Sequence[PlannedPeriod] = ()
            backfill, is_over = self._everyone.go_on(turn, backfill)
        else:
            backfill, changed, is_over = self._go_on(turn, backfill)
        if is_over:
            backfill = replace(backfill, state=BackfillState.ENDED, ended_at=turn.now)
            _announce(turn, backfill)
        turn.state.backfills.save(backfill, changed)

    def left(self, turn: Turn) -> Sequence[str]:
        """Return the ids of those that are running, and have nothing in flight all the same.

        A turn looks at no more of a plan than others can wait for. What it found settled by others
        leaves nothing whose end would bring on the next.
        """
        running = [
            backfill.id
            for backfill in turn.backfills.newest(_NEWEST_MAX)
            if backfill.state is BackfillState.RUNNING
        ]
        return [each for each in running if turn.backfills.in_flight(each) == InFlight(0, 0)]

    def ended(self, turn: LedgerTurn, records: Sequence[RunRecord]) -> None:
        """Keep how runs of backfills ended, and go on with these."""
        parents = dict.fromkeys(record.parent for record in records)
        for parent in parents:
            assert parent is not None  # noqa: S101 - runs of backfills have one
            backfill = turn.state.backfills.get(parent)
            if backfill is None:
                continue
            ended = [record for record in records if record.parent == parent]
            if backfill.is_of_everyone:
                turn.state.backfills.save(self._everyone.ended(turn, backfill, ended))
            else:
                for record in ended:
                    backfill = _keep_end(turn, backfill, record)
            self.go_on(turn, parent)

    def cancel_runs(self, turn: LedgerTurn, backfill: Backfill) -> None:
        """Cancel the runs of a backfill of all tenants that wait; those under way are the last."""
        self._everyone.cancel_runs(turn, backfill)

    def _go_on(
        self, turn: LedgerTurn, backfill: Backfill
    ) -> tuple[Backfill, Sequence[PlannedPeriod], bool]:
        """Start runs; return how far that is, the periods it changed, and whether all is over."""
        in_flight = turn.state.backfills.in_flight(backfill.id)
        free, changed = in_flight.free(backfill.max_active), list[PlannedPeriod]()
        started = 0
        coming = periods_in_order(turn, backfill)
        while started < free and (planned := next(coming, None)) is not None:
            if planned.deed is Deed.LEAVE or planned.run_id is not None or planned.fate is not None:
                continue
            settled = self._begin(turn, backfill, planned)
            changed.append(settled)
            if settled.fate is None:
                started += 1
            else:
                backfill = backfill.counted(settled.fate)
        following = next(coming, None)
        next_day = None if following is None else following.period.first_day
        is_over = next_day is None and started + in_flight.active + in_flight.waiting == 0
        return replace(backfill, next_day=next_day), changed, is_over

    def _begin(self, turn: LedgerTurn, backfill: Backfill, planned: PlannedPeriod) -> PlannedPeriod:
        """Start the run of a period; where that makes no sense any more, settle it."""
        key = CloseKey(backfill.tenant, planned.period)
        now = periods_now(turn.state, [key.tenant], [key.period], backfill.backend)[key]
        is_closed = now.standing is Standing.CLOSED or planned.standing.is_closed
        fate = fate_of(now, planned.deed, backfill.reprocess, is_closed=is_closed)
        if fate is not None:
            return replace(planned, fate=fate)
        job = JobKind.REBUILD if is_closed else JobKind.CLOSE
        record = run_of(
            turn,
            backfill,
            self._identifiers,
            key=key,
            job=job,
            zone_name=backfill.zone_name,
            replay_of=now.letter(job),
        )
        turn.dispatch(record, newest_first=backfill.newest_first)
        replay(turn, backfill, record)
        return replace(planned, run_id=record.id)


def given_back(
    turn: LedgerTurn, backfill: Backfill, planned: PlannedPeriod, record: RunRecord
) -> tuple[Backfill, PlannedPeriod]:
    """Return both with a period that is to be done once more, since its run was cancelled."""
    day = planned.period.first_day
    open_again(turn, backfill, record)
    next_day = day if backfill.is_behind(day) else backfill.next_day
    return replace(backfill, next_day=next_day), replace(planned, run_id=None)


def _keep_end(turn: LedgerTurn, backfill: Backfill, record: RunRecord) -> Backfill:
    planned = turn.state.backfills.periods(backfill.id, record.key.period.first_day, 1)[0]
    if record.state is RunState.CANCELLED:
        backfill, planned = given_back(turn, backfill, planned, record)
    else:
        fate = Fate.DONE if record.state is RunState.SUCCEEDED else Fate.FAILED
        backfill, planned = backfill.counted(fate), replace(planned, fate=fate)
    turn.state.backfills.save(backfill, [planned])
    return backfill


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
        # It may go on with what it left to others, and then ends once more.
        key=f"backfill:{backfill.id}:{turn.now:%Y%m%dT%H%M%S}",
        event=BackfillEnded.name,
        text=f"The backfill from {backfill.first_day} to {backfill.last_day} has ended:"
        f" {backfill.done} done, {backfill.failed} failed, {backfill.skipped} left to others."
        f" See: aegis-batch backfill status {backfill.id}",
    )
