"""Plan a backfill of all tenants: say how each one's periods stand, a page of them at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aegis_batch.application.backfill_range import (
    BackfillRequest,
)
from aegis_batch.application.backfill_standings import StandingsOfEveryone
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.domain.backfill import (
    Backfill,
    Deed,
    PeriodStanding,
    PlannedPeriod,
    PlannedTenant,
    deed_for,
    has_changed,
)
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["PlanEveryone", "PlannedEveryone", "TenantsPeriod"]

_NAMED_MAX = 10
_NAMED_OF_A_PERIOD_MAX = 5


@dataclass(frozen=True, slots=True)
class TenantsPeriod:
    """A period of all tenants in a plan.

    ``counts`` says how many tenants stand how, ``named`` who the first few are, and ``to_do`` for
    how many there is something to do.
    """

    period: Period
    counts: Counter[PeriodStanding] = field(default_factory=Counter)
    named: dict[PeriodStanding, list[str]] = field(default_factory=dict)
    done: Counter[Deed] = field(default_factory=Counter)

    @property
    def to_do(self) -> int:
        """For how many tenants there is something to do."""
        return self.done.total() - self.done[Deed.LEAVE]

    def add(self, tenant: str, standing: PeriodStanding, deed: Deed) -> None:
        """Count a tenant."""
        self.counts[standing] += 1
        self.done[deed] += 1
        named = self.named.setdefault(standing, [])
        if len(named) < _NAMED_OF_A_PERIOD_MAX:
            named.append(tenant)


@dataclass(frozen=True, slots=True)
class PlannedEveryone:
    """A plan for all tenants, by its periods, oldest first.

    ``tenants`` counts those that have a part in it, ``zoneless`` those that have none, since their
    time zone is none.
    """

    backfill: Backfill
    periods: tuple[TenantsPeriod, ...]
    tenants: int
    zoneless: int


class PlanEveryone:
    """Plans for the tenants of the directory, of which never more than a page is at hand.

    The Backend is not asked: each close asks for itself. A tenant has no part in periods that end
    before its first day by the directory; one that is known by its orders alone has one in those
    that hold some.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the ports
        self,
        ledger: Ledger,
        choice: TenantChoice,
        reports: ReportFinder,
        clock: Clock,
        identifiers: Identifiers,
        calendars: Calendars,
    ) -> None:
        """Take the ports, and what knows the directory."""
        self._ledger = ledger
        self._choice = choice
        self._reports = reports
        self._clock = clock
        self._identifiers = identifiers
        self._calendars = calendars

    def plan(self, request: BackfillRequest, operator: str) -> PlannedEveryone:
        """Look at each tenant's periods, and keep what is to be done with them; nothing starts.

        Raises ``InvalidRequest`` for a range that is none, is too long, or has not ended in the
        zone of each tenant; and as the directory does.
        """
        look = self._look(request)
        backfill_id, to_do, tenants = self._identifiers.new_run_id(), 0, 0
        counted = [TenantsPeriod(period) for period in look.periods]
        for page in look.pages():
            with self._ledger.turn() as turn:
                turn.state.backfill_tenants.add(backfill_id, page)
            for tenant in page:
                tenants += 1
                to_do += tenant.to_do
                _count(counted, tenant, request)
        planned = [_planned(each) for each in counted]
        ordered = planned[::-1] if request.newest_first else planned
        first = next((each for each in ordered if each.deed is not Deed.LEAVE), None)
        backfill = Backfill(
            id=backfill_id,
            tenant=request.tenant,
            kind=request.kind,
            first_day=request.first_day,
            last_day=request.last_day,
            reprocess=request.reprocess,
            newest_first=request.newest_first,
            max_active=request.max_active,
            planned_by=operator,
            planned_at=self._clock.now(),
            backend=self._reports.identity,
            to_do=to_do,
            next_day=None if first is None else first.period.first_day,
        )
        with self._ledger.turn() as turn:
            turn.state.backfills.save(backfill, planned)
        return PlannedEveryone(backfill, tuple(counted), tenants, look.zoneless)

    def refuse_outdated(self, backfill: Backfill) -> None:
        """Raise ``InvalidRequest`` where a tenant's period stands otherwise than it was planned.

        The first of them are named, and all are counted. Raises as ``plan`` does.
        """
        request = BackfillRequest(
            tenant=backfill.tenant,
            first_day=backfill.first_day,
            last_day=backfill.last_day,
            kind=backfill.kind,
            reprocess=backfill.reprocess,
        )
        look = self._look(request)
        now = (tenant for page in look.pages() for tenant in page)
        named: list[str] = []
        count = 0
        for before, after in _side_by_side(self._kept(backfill), now):
            for place, period in enumerate(look.periods):
                was = None if before is None else before.standing_at(place)
                is_now = None if after is None else after.standing_at(place)
                if not _has_moved(was, is_now):
                    continue
                count += 1
                if len(named) < _NAMED_MAX:
                    whose = (before or after or _NOBODY).tenant
                    stood = "not in it" if was is None else was.words
                    stands = "not in it any more" if is_now is None else is_now.words
                    told = f"was {stood} and is {stands}"
                    named.append(f"{period} of {whose} {told}")
        if count:
            more = f", and {count - len(named):,} more" if count > len(named) else ""
            raise InvalidRequest(
                "plan_outdated",
                f"The world has moved since {backfill.id} was planned: {'; '.join(named)}{more}.",
                "Plan again, and look at what has changed.",
            )

    def _kept(self, backfill: Backfill) -> Iterator[PlannedTenant]:
        number = 0
        while True:
            with self._ledger.look() as turn:
                page = turn.backfill_tenants.page(backfill.id, number, PAGE_TENANTS_MAX)
            yield from page
            if len(page) < PAGE_TENANTS_MAX:
                return
            number = page[-1].number + 1

    def _look(self, request: BackfillRequest) -> StandingsOfEveryone:
        return StandingsOfEveryone(
            self._ledger, self._choice, self._reports, self._clock, self._calendars, request
        )


_NOBODY = PlannedTenant(0, "", None, 0, ())


def _count(
    counted: Sequence[TenantsPeriod], tenant: PlannedTenant, request: BackfillRequest
) -> None:
    place = 0
    for standing, count in tenant.stretches:
        for period in counted[place : place + count]:
            if standing is not None:
                period.add(tenant.tenant, standing, deed_for(standing, request.reprocess))
        place += count


def _planned(each: TenantsPeriod) -> PlannedPeriod:
    if each.to_do:
        return PlannedPeriod(each.period, PeriodStanding.OPEN, Deed.CLOSE)
    return PlannedPeriod(each.period, PeriodStanding.CLOSED, Deed.LEAVE)


def _has_moved(was: PeriodStanding | None, is_now: PeriodStanding | None) -> bool:
    if was is None or is_now is None:
        return was is not is_now
    return has_changed(was, is_now)


def _side_by_side(
    before: Iterator[PlannedTenant], after: Iterator[PlannedTenant]
) -> Iterator[tuple[PlannedTenant | None, PlannedTenant | None]]:
    """Yield each tenant as it was in the plan and as it is now; ``None`` where it isn't there."""
    was, is_now = next(before, None), next(after, None)
    while was is not None or is_now is not None:
        if is_now is None or (was is not None and _place(was) < _place(is_now)):
            yield was, None
            was = next(before, None)
        elif was is None or _place(is_now) < _place(was):
            yield None, is_now
            is_now = next(after, None)
        else:
            yield was, is_now
            was, is_now = next(before, None), next(after, None)


def _place(tenant: PlannedTenant) -> tuple[str, str]:
    """Return where a tenant comes in the order of the directory; no zone has an empty name."""
    return tenant.zone_name or "", tenant.tenant
