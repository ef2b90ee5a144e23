"""Carries on backfills of all tenants: the tenants of a period together, in shards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aegis_batch.application.backfill_letters import open_again, replay
from aegis_batch.application.backfill_steps import fate_of, periods_now, run_of
from aegis_batch.application.day_standing import Standing
from aegis_batch.application.ledger import LedgerTurn, first_work_id
from aegis_batch.application.ports.backfill_tenants import GivenBack
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.backfill import (
    Backfill,
    Deed,
    Fate,
    PlannedPeriod,
    PlannedTenant,
    Reprocess,
    deed_for,
    periods_between,
)
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["BackfillingEveryone", "periods_in_order"]

_BATCH = 200
# What a turn looks at of a plan; others wait for it.
_PAGES_A_TURN = 500
# Shards in flight are few, each of 1,000 tenants at most.
_RUNNING_MAX = 100_000
_WAITING = frozenset({RunState.QUEUED, RunState.WAITING})
_RUNNING = frozenset({RunState.RUNNING})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A tenant's period whose turn has come, as it was planned."""

    tenant: str
    zone_name: str | None
    is_closed: bool
    deed: Deed


class BackfillingEveryone:
    """Starts shards within turns: the plan is what is done, in its order."""

    def __init__(self, identifiers: Identifiers, shard_tenants: int) -> None:
        """Take the source of ids, and how many tenants a shard has at most."""
        self._identifiers = identifiers
        self._shard_tenants = shard_tenants

    def go_on(self, turn: LedgerTurn, backfill: Backfill) -> tuple[Backfill, bool]:
        """Start as many shards as may be in flight; return how far it is, and whether it is over.

        What others have taken care of since it was planned, or have in hands, is passed over.
        """
        in_flight = turn.state.backfills.in_flight(backfill.id)
        free, started = in_flight.free(backfill.max_active), 0
        walk = _Walk(turn, backfill, self._shard_tenants)
        while started < free and (part := walk.next_part()) is not None:
            if self._begin(turn, walk, *part):
                started += 1
        is_over = walk.is_over and started + in_flight.active + in_flight.waiting == 0
        return walk.backfill, is_over

    def ended(self, turn: LedgerTurn, backfill: Backfill, records: Sequence[RunRecord]) -> Backfill:
        """Return the backfill with how runs of it ended; what was cancelled is done once more."""
        cancelled = [record for record in records if record.state is RunState.CANCELLED]
        _give_back(turn, backfill, cancelled)
        done = sum(record.state is RunState.SUCCEEDED for record in records)
        failed = len(records) - len(cancelled) - done
        return backfill.counted(Fate.DONE, done).counted(Fate.FAILED, failed)

    def cancel_runs(self, turn: LedgerTurn, backfill: Backfill) -> None:
        """Cancel the runs that wait; an attempt that is under way is the last of its run."""
        wanted = RunFilter(parent=backfill.id, states=_RUNNING)
        running = turn.state.runs.search(wanted, _RUNNING_MAX)
        turn.state.many_runs.save([replace(each, cancel_requested=True) for each in running])
        wanted = replace(wanted, states=_WAITING)
        while waiting := turn.state.runs.search(wanted, _BATCH):
            for work_id in dict.fromkeys(record.work_id for record in waiting):
                turn.state.work.withdraw(work_id)
            turn.cancel_together(waiting, "its backfill was cancelled")
            _give_back(turn, backfill, waiting)

    def _begin(
        self, turn: LedgerTurn, walk: "_Walk", period: Period, part: Sequence[_Wanted]
    ) -> bool:
        """Start a shard, if there is anything to start, and say so; settle what is not."""
        backfill, tenants = walk.backfill, [wanted.tenant for wanted in part]
        standings = periods_now(turn.state, tenants, [period], backfill.backend)
        records: list[RunRecord] = []
        for wanted in part:
            key = CloseKey(wanted.tenant, period)
            now = standings[key]
            is_closed = now.standing is Standing.CLOSED or wanted.is_closed
            fate = fate_of(now, wanted.deed, backfill.reprocess, is_closed=is_closed)
            if fate is not None:
                walk.backfill = walk.backfill.counted(fate)
                continue
            job = JobKind.REBUILD if is_closed else JobKind.CLOSE
            records.append(
                run_of(
                    turn,
                    backfill,
                    self._identifiers,
                    key=key,
                    job=job,
                    zone_name=wanted.zone_name,
                    replay_of=now.letter(job),
                )
            )
        if not records:
            return False
        if len(records) > 1:
            work_id = first_work_id(self._identifiers.new_run_id())
            records = [replace(record, work_id=work_id) for record in records]
        turn.dispatch_together(records, newest_first=backfill.newest_first)
        for record in records:
            if record.replay_of is not None:
                replay(turn, backfill, record)
        return True


class _Walk:
    """Goes through a plan within a turn, from where the backfill stands."""

    def __init__(self, turn: LedgerTurn, backfill: Backfill, shard_tenants: int) -> None:
        self._turn = turn
        self._shard_tenants = shard_tenants
        self._pages_left = _PAGES_A_TURN
        periods = periods_between(backfill.kind, backfill.first_day, backfill.last_day)
        self._places = {period.first_day: place for place, period in enumerate(periods)}
        self.backfill = backfill
        # Nothing is left to be looked at.
        self.is_over = False

    def next_part(self) -> tuple[Period, Sequence[_Wanted]] | None:
        """Return what is to be done next with tenants of one zone; ``None`` where a turn ends."""
        again = self._given_back()
        if again is not None:
            return again
        while (day := self.backfill.next_day) is not None and self._pages_left > 0:
            part = self._planned(self._places[day])
            if part:
                return Period(self.backfill.kind, day), part
        self.is_over = self.backfill.next_day is None
        return None

    def _given_back(self) -> tuple[Period, Sequence[_Wanted]] | None:
        tenants, backfill = self._turn.state.backfill_tenants, self.backfill
        found = tenants.given_back(
            backfill.id, self._shard_tenants, newest_first=backfill.newest_first
        )
        if not found:
            return None
        first = found[0]
        taken = [
            each
            for each in found
            if (each.first_day, each.zone_name) == (first.first_day, first.zone_name)
        ]
        tenants.take_back(backfill.id, taken)
        part = [_again(each, backfill.reprocess) for each in taken]
        return Period(backfill.kind, first.first_day), part

    def _planned(self, place: int) -> Sequence[_Wanted]:
        """Return the next tenants who have something to do in the period, and stand behind them."""
        part: list[_Wanted] = []
        while self._pages_left > 0:
            self._pages_left -= 1
            page = self._turn.state.backfill_tenants.page(
                self.backfill.id, self.backfill.next_tenant, _BATCH, to_do_alone=True
            )
            for tenant in page:
                wanted = _wanted(tenant, place, self.backfill.reprocess)
                is_full = len(part) == self._shard_tenants
                if wanted is not None and part:
                    is_full = is_full or wanted.zone_name != part[0].zone_name
                if is_full:
                    self._stand_at(tenant.number)
                    return part
                if wanted is not None:
                    part.append(wanted)
            if len(page) < _BATCH:
                self._stand_at_next_period()
                return part
            self._stand_at(page[-1].number + 1)
        return part

    def _stand_at(self, number: int) -> None:
        self.backfill = replace(self.backfill, next_tenant=number)

    def _stand_at_next_period(self) -> None:
        coming = periods_in_order(self._turn, self.backfill)
        next(coming)
        following = next((each for each in coming if each.deed is not Deed.LEAVE), None)
        next_day = None if following is None else following.period.first_day
        self.backfill = replace(self.backfill, next_day=next_day, next_tenant=0)


def periods_in_order(turn: LedgerTurn, backfill: Backfill) -> Iterator[PlannedPeriod]:
    """Yield the periods that have not been looked at yet, in their order."""
    next_day = backfill.next_day
    while next_day is not None:
        found = turn.state.backfills.periods(
            backfill.id, next_day, _BATCH, newest_first=backfill.newest_first
        )
        yield from found[: _BATCH - 1]
        next_day = found[-1].period.first_day if len(found) == _BATCH else None


def _wanted(tenant: PlannedTenant, place: int, reprocess: Reprocess) -> _Wanted | None:
    standing = tenant.standing_at(place)
    if standing is None:
        return None
    deed = deed_for(standing, reprocess)
    if deed is Deed.LEAVE:
        return None
    return _Wanted(tenant.tenant, tenant.zone_name, standing.is_closed, deed)


def _again(given: GivenBack, reprocess: Reprocess) -> _Wanted:
    """Return what was given back, as its run had been started for it."""
    is_closed = given.job is JobKind.REBUILD
    deed = Deed.CLOSE
    if is_closed:
        deed = Deed.REBUILD if reprocess is Reprocess.ALL else Deed.REPLAY
    return _Wanted(given.tenant, given.zone_name, is_closed, deed)


def _give_back(turn: LedgerTurn, backfill: Backfill, records: Sequence[RunRecord]) -> None:
    for record in records:
        open_again(turn, backfill, record)
    turn.state.backfill_tenants.give_back(
        backfill.id,
        [
            GivenBack(record.key.period.first_day, record.key.tenant, record.job, record.zone_name)
            for record in records
        ],
    )
