"""Backfills: a range of past periods that is planned first, and then closed one after another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.tenant import EVERYONE

__all__ = [
    "PERIODS_MAX",
    "Backfill",
    "BackfillState",
    "Deed",
    "Fate",
    "PeriodStanding",
    "PlannedPeriod",
    "PlannedTenant",
    "Reprocess",
    "deed_for",
    "has_changed",
    "periods_between",
]

# Ten years of days.
PERIODS_MAX = 3_660


class Reprocess(StrEnum):
    """Which periods are done once more: those that failed for good, or the closed ones as well."""

    NONE = "none"
    FAILED = "failed"
    ALL = "all"


class BackfillState(StrEnum):
    """Where a backfill stands; a person starts, cancels and resumes it, its last run ends it."""

    PLANNED = "planned"
    RUNNING = "running"
    CANCELLED = "cancelled"
    ENDED = "ended"


class PeriodStanding(StrEnum):
    """Where a period stood when it was planned.

    ``OPEN`` where neither the ledger nor the Backend knew it to be closed; ``UNASKED`` where the
    ledger didn't, and the Backend was not asked or did not answer. ``DOUBTED`` where it is closed,
    and deriving it again has failed for good: a dead letter of that is open.
    """

    OPEN = "open"
    UNASKED = "unasked"
    CLOSED = "closed"
    DOUBTED = "doubted"
    IN_FLIGHT = "in_flight"
    DEAD = "dead"

    @property
    def is_closed(self) -> bool:
        """Whether there is a report of the period, be it in doubt."""
        return self in (PeriodStanding.CLOSED, PeriodStanding.DOUBTED)

    @property
    def words(self) -> str:
        """How it stands, in words for people."""
        return _WORDS[self]


_WORDS = {
    PeriodStanding.OPEN: "open",
    PeriodStanding.UNASKED: "open, as far as is known",
    PeriodStanding.CLOSED: "closed",
    PeriodStanding.DOUBTED: "closed, in doubt",
    PeriodStanding.IN_FLIGHT: "in flight",
    PeriodStanding.DEAD: "failed for good",
}


class Deed(StrEnum):
    """What a plan says is to be done with a period.

    ``REPLAY`` does once more what failed for good, in the place of its dead letter: the close, or
    of a closed period the rebuild. ``REBUILD`` derives a closed one again, whatever was before.
    """

    CLOSE = "close"
    REPLAY = "replay"
    REBUILD = "rebuild"
    LEAVE = "leave"


class Fate(StrEnum):
    """How a period that was to be done came out; ``SKIPPED`` where others were at it."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class PlannedPeriod:
    """One period of a plan, and what became of it.

    ``run_id`` names the run that was started for it; ``fate`` is ``None`` until it is known. In a
    backfill of all tenants a period is open where there is something to do for any of them, and
    closed where it is left alone; what becomes of it is told tenant by tenant.
    """

    period: Period
    standing: PeriodStanding
    deed: Deed
    run_id: str | None = None
    fate: Fate | None = None


@dataclass(frozen=True, slots=True)
class PlannedTenant:
    """A tenant in a plan for all of them, and where each of its periods stood.

    ``number`` counts the tenants of the plan from 0: zone by zone, and by their ids. ``stretches``
    are the standings of the periods, oldest first, each with how many in a row have it; ``None``
    stands for periods that the tenant has no part in. ``to_do`` counts those that are not just left
    alone. ``zone_name`` is that of the tenant's calendar, ``None``: the deployment's.
    """

    number: int
    tenant: str
    zone_name: str | None
    to_do: int
    stretches: tuple[tuple[PeriodStanding | None, int], ...]

    def standing_at(self, place: int) -> PeriodStanding | None:
        """Return where the period at a place of the range stood; the oldest has the place 0."""
        for standing, count in self.stretches:
            if place < count:
                return standing
            place -= count
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """A range of periods to be done, and how far that has come.

    ``tenant`` is ``EVERYONE`` where it is the range of all tenants; then each tenant's period
    counts as one, and ``max_active`` bounds the shards of them, each one piece of work.
    ``first_day`` and ``last_day`` are the range as it was asked for, both included. ``max_active``
    bounds its runs that are queued or under way. ``backend`` is the
    identity of the one that it stands with. ``to_do`` counts the periods that are not just
    left alone; ``done``, ``failed`` and ``skipped`` those of them that have come to an end.
    ``next_day`` is the first day of the period that is looked at next, in its order; ``None``
    behind the last; ``next_tenant`` the number of the tenant that is looked at next in it, where
    it is of all of them. ``zone_name`` is the zone of the tenant's calendar, ``None``: the
    deployment's.
    """

    id: str
    tenant: str
    kind: PeriodKind
    first_day: date
    last_day: date
    reprocess: Reprocess
    newest_first: bool
    max_active: int
    planned_by: str
    planned_at: datetime
    backend: str
    to_do: int
    next_day: date | None
    state: BackfillState = BackfillState.PLANNED
    started_by: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    done: int = 0
    failed: int = 0
    skipped: int = 0
    zone_name: str | None = None
    next_tenant: int = 0

    @property
    def is_of_everyone(self) -> bool:
        """Whether it is the range of all tenants."""
        return self.tenant == EVERYONE

    @property
    def remaining(self) -> int:
        """How many periods have not come to an end yet."""
        return self.to_do - self.done - self.failed - self.skipped

    def counted(self, fate: Fate, count: int = 1) -> "Backfill":
        """Return it with so many periods more that have come to an end so."""
        if fate is Fate.DONE:
            return replace(self, done=self.done + count)
        if fate is Fate.FAILED:
            return replace(self, failed=self.failed + count)
        return replace(self, skipped=self.skipped + count)

    def taken_up(self, periods: Sequence["PlannedPeriod"]) -> "Backfill":
        """Return it as it goes on with periods, oldest first, that it had left to others.

        They count as to be done, whatever they counted as before.
        """
        fates = [each.fate for each in periods]
        return replace(
            self,
            state=BackfillState.RUNNING,
            ended_at=None,
            to_do=self.to_do + fates.count(None),
            done=self.done - fates.count(Fate.DONE),
            skipped=self.skipped - fates.count(Fate.SKIPPED),
            next_day=periods[-1 if self.newest_first else 0].period.first_day,
        )

    def is_behind(self, day: date) -> bool:
        """Say whether the period of a first day was looked at before the next one."""
        if self.next_day is None:
            return True
        return day > self.next_day if self.newest_first else day < self.next_day


def deed_for(standing: PeriodStanding, reprocess: Reprocess) -> Deed:
    """Return what is to be done with a period that stands so."""
    if standing in (PeriodStanding.OPEN, PeriodStanding.UNASKED):
        return Deed.CLOSE
    if standing.is_closed and reprocess is Reprocess.ALL:
        return Deed.REBUILD
    has_failed = standing in (PeriodStanding.DEAD, PeriodStanding.DOUBTED)
    if has_failed and reprocess is not Reprocess.NONE:
        return Deed.REPLAY
    return Deed.LEAVE


def has_changed(before: PeriodStanding, now: PeriodStanding) -> bool:
    """Say whether a period stands otherwise than when it was planned, as far as can be known.

    Where the Backend does not answer now, nothing speaks against what it said before.
    """
    if now is PeriodStanding.UNASKED:
        return before in (PeriodStanding.IN_FLIGHT, PeriodStanding.DEAD)
    return before is not now


def periods_between(kind: PeriodKind, first_day: date, last_day: date) -> Sequence[Period]:
    """Return the periods that hold a day of a range, oldest first, at most one above the limit.

    ``OverflowError`` at the end of all dates.
    """
    found: list[Period] = []
    period = Period.holding(kind, first_day)
    while period.first_day <= last_day:
        found.append(period)
        if len(found) > PERIODS_MAX:
            break
        period = Period(kind, period.end_day)
    return found
