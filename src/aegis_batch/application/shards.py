"""Gathers runs into shards, and has each carried out as one piece of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aegis_batch.application.day_standing import Standing, standings_of
from aegis_batch.application.ledger import Ledger, first_work_id
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.tenants_days import TenantDay
from aegis_batch.domain.jitter import jitter_of
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["Dispatcher", "ShardLimits", "Sharding"]

# Of all that is gathered and not yet enough for a shard; beyond it the largest goes as it is.
_GATHERED_SHARDS_MAX = 10


@dataclass(frozen=True, slots=True)
class ShardLimits:
    """How many tenants a shard has at most, and by how many seconds its start is put off."""

    tenants: int
    jitter_max_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What has closes dispatched: its run, and what of it the runs of the closes have."""

    run_id: str
    requested_by: str
    trigger: Trigger
    nominal: datetime | None
    zone_name: str | None
    not_before: datetime


class Sharding:
    """Takes days that are to be closed, and dispatches them as shards fill up.

    What is dispatched in a turn stays so, whatever becomes of the rest: whoever begins anew finds
    it in flight. ``dispatched`` counts the closes.
    """

    def __init__(
        self,
        ledger: Ledger,
        identifiers: Identifiers,
        limits: ShardLimits,
        backend: str,
        dispatcher: Dispatcher,
    ) -> None:
        """Take the ports, how large shards are, and for whom; ``backend`` takes the reports."""
        self._ledger = ledger
        self._identifiers = identifiers
        self._limits = limits
        self._backend = backend
        self._dispatcher = dispatcher
        self._gathered: dict[tuple[date, str | None], list[TenantDay]] = {}
        self.dispatched = 0

    def add(self, day: TenantDay) -> None:
        """Gather a day; one that makes its shard full is dispatched with it."""
        place = (day.key.period.first_day, day.tenant.queue)
        gathered = self._gathered.setdefault(place, [])
        gathered.append(day)
        if len(gathered) >= self._limits.tenants:
            self._dispatch(self._gathered.pop(place))
        elif self._is_too_much():
            fullest = max(self._gathered, key=lambda each: len(self._gathered[each]))
            self._dispatch(self._gathered.pop(fullest))

    def flush(self) -> None:
        """Dispatch what is left, older days first."""
        for place in sorted(self._gathered, key=lambda each: (each[0], each[1] or "")):
            self._dispatch(self._gathered[place])
        self._gathered = {}

    def _is_too_much(self) -> bool:
        gathered = sum(map(len, self._gathered.values()))
        return gathered > _GATHERED_SHARDS_MAX * self._limits.tenants

    def _dispatch(self, days: Sequence[TenantDay]) -> None:
        tenants = [day.tenant.id for day in days]
        first_day = days[0].key.period.first_day
        with self._ledger.turn() as turn:
            # Others may have begun with some of them since they were looked at.
            standings = standings_of(turn.state, tenants, [first_day], self._backend)
            still = [day for day in days if standings[day.key].standing is Standing.UNKNOWN]
            if not still:
                return
            records = self._records(still, turn.now)
            turn.dispatch_together(records)
        self.dispatched += len(records)

    def _records(self, days: Sequence[TenantDay], now: datetime) -> list[RunRecord]:
        ids = [self._identifiers.new_run_id() for _ in days]
        subject = ids[0] if len(ids) == 1 else self._identifiers.new_run_id()
        # The shard's own name is that of its first tenant, whatever id it has this time.
        name = f"{days[0].key.tenant}|{days[0].key.period.first_day}"
        jitter = jitter_of(name, self._limits.jitter_max_seconds)
        due_at = max(now, self._dispatcher.not_before + jitter)
        return [
            RunRecord(
                id=run_id,
                trace_id=self._identifiers.new_trace_id(),
                job=JobKind.CLOSE,
                key=day.key,
                trigger=self._dispatcher.trigger,
                requested_by=self._dispatcher.requested_by,
                state=RunState.QUEUED,
                work_id=first_work_id(subject),
                enqueued_at=now,
                due_at=due_at,
                nominal=self._dispatcher.nominal,
                parent=self._dispatcher.run_id,
                zone_name=self._dispatcher.zone_name,
                queue=day.tenant.queue,
            )
            for run_id, day in zip(ids, days, strict=True)
        ]
