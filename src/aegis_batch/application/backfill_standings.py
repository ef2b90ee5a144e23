"""Where the periods of all tenants stand, for a plan: a page of the directory at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from aegis_batch.application.backfill_range import (
    BackfillRequest,
    periods_over,
    zones_without_calendar,
)
from aegis_batch.application.backfill_steps import PeriodNow, periods_now
from aegis_batch.application.day_standing import Standing
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX
from aegis_batch.application.tenant_choice import TenantChoice, pages_of
from aegis_batch.domain.backfill import Deed, PeriodStanding, PlannedTenant, deed_for
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.tenant import Tenant

__all__ = ["OF_LEDGER", "StandingsOfEveryone"]

# A page of tenants with so many periods is looked at together.
_PERIODS_AT_ONCE = 31
OF_LEDGER = {
    Standing.CLOSED: PeriodStanding.CLOSED,
    Standing.IN_FLIGHT: PeriodStanding.IN_FLIGHT,
    Standing.DEAD: PeriodStanding.DEAD,
    Standing.UNKNOWN: PeriodStanding.UNASKED,
}


class StandingsOfEveryone:
    """Looks at the periods of all tenants; ``zoneless`` counts those whose time zone is none."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and what is looked at
        self,
        ledger: Ledger,
        choice: TenantChoice,
        reports: ReportFinder,
        clock: Clock,
        calendars: Calendars,
        request: BackfillRequest,
    ) -> None:
        """Raise ``InvalidRequest`` where the range is none in the zone of some tenant."""
        # It may have been planned before the settings were others.
        choice.some(None, everyone=True)
        self._ledger = ledger
        self._directory = choice.directory
        self._reports = reports
        self._calendars = calendars
        self._request = request
        self.periods = periods_over(request, calendars.of(None), clock)
        self.zoneless = 0
        self._none = zones_without_calendar(request, self._directory, calendars, clock)

    def pages(self) -> Iterator[Sequence[PlannedTenant]]:
        """Yield the tenants that have a part in the range, numbered in their order."""
        number = 0
        after: Tenant | None = None
        for page in pages_of(self._directory, self._window_of):
            if page[0].zone_name in self._none:
                self.zoneless += len(page)
                continue
            places = self._places_of(page, after)
            planned = self._planned(number, page, places)
            after, number = page[-1], number + len(planned)
            if planned:
                yield planned

    def _window_of(self, zone_name: str | None) -> Window:
        calendar = self._calendars.of(None if zone_name in self._none else zone_name)
        first, last = (calendar.window_of(each) for each in (self.periods[0], self.periods[-1]))
        return Window(first.day, first.start, last.end, first.wall_start, last.wall_end)

    def _places_of(
        self, page: Sequence[Tenant], after: Tenant | None
    ) -> Mapping[str, Sequence[bool]]:
        """Return for each tenant in which of the periods it has a part."""
        if not self._directory.goes_by_orders:
            return {
                tenant.id: [
                    tenant.closes_from is None or period.last_day >= tenant.closes_from
                    for period in self.periods
                ]
                for tenant in page
            }
        # Behind any id, nobody tells again of what can be none.
        calendar, behind = self._calendars.of(None), "" if after is None else after.id
        here: dict[str, list[bool]] = {tenant.id: [] for tenant in page}
        for period in self.periods:
            window = calendar.window_of(period)
            found = self._directory.page(None, behind, PAGE_TENANTS_MAX, window)
            with_orders = {tenant.id for tenant in found}
            for tenant_id, parts in here.items():
                parts.append(tenant_id in with_orders)
        return here

    def _planned(
        self, number: int, page: Sequence[Tenant], places: Mapping[str, Sequence[bool]]
    ) -> list[PlannedTenant]:
        ids = [tenant.id for tenant in page if any(places[tenant.id])]
        standings: dict[str, list[PeriodStanding | None]] = {tenant_id: [] for tenant_id in ids}
        for start in range(0, len(self.periods), _PERIODS_AT_ONCE):
            periods = self.periods[start : start + _PERIODS_AT_ONCE]
            with self._ledger.look() as turn:
                now = periods_now(turn, ids, periods, self._reports.identity)
            for tenant_id, found in standings.items():
                parts = places[tenant_id][start : start + _PERIODS_AT_ONCE]
                found.extend(
                    self._standing(now[CloseKey(tenant_id, period)]) if has_part else None
                    for period, has_part in zip(periods, parts, strict=True)
                )
        zone_name = page[0].zone_name
        return [
            PlannedTenant(
                number=number + ahead,
                tenant=tenant_id,
                zone_name=zone_name,
                to_do=sum(
                    each is not None and deed_for(each, self._request.reprocess) is not Deed.LEAVE
                    for each in standings[tenant_id]
                ),
                stretches=_stretches(standings[tenant_id]),
            )
            for ahead, tenant_id in enumerate(ids)
        ]

    def _standing(self, now: PeriodNow) -> PeriodStanding:
        if now.is_rebuilding:
            return PeriodStanding.IN_FLIGHT
        standing = OF_LEDGER[now.standing]
        if standing is PeriodStanding.UNASKED and not self._reports.can_find:
            return PeriodStanding.OPEN
        if standing is PeriodStanding.CLOSED and now.rebuild_letter is not None:
            return PeriodStanding.DOUBTED
        return standing


def _stretches(
    standings: Iterable[PeriodStanding | None],
) -> tuple[tuple[PeriodStanding | None, int], ...]:
    return tuple((standing, len(list(alike))) for standing, alike in groupby(standings))
