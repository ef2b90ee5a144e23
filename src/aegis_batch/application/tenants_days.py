"""The days that tenants are expected to have closed, a page of the directory at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aegis_batch.application.day_standing import DayStanding, standings_of
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX, TenantDirectory
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.tenant import Tenant

__all__ = ["TenantDay", "TenantsDays"]


@dataclass(frozen=True, slots=True)
class TenantDay:
    """A business day of a tenant, and where its close stands."""

    tenant: Tenant
    key: CloseKey
    standing: DayStanding


class TenantsDays:
    """Goes through the tenants of a zone, with their days; never are more than a page at hand."""

    def __init__(
        self,
        ledger: Ledger,
        directory: TenantDirectory,
        expectations: Expectations,
        backend: str,
    ) -> None:
        """Take the ports, which days are expected, and the identity of what takes the reports."""
        self._ledger = ledger
        self._directory = directory
        self._expectations = expectations
        self._backend = backend

    def expected(
        self, zone_name: str | None, nominal: datetime, now: datetime
    ) -> Iterator[Sequence[TenantDay]]:
        """Yield pages of the days that the tenants of a zone should have closed at a nominal time.

        A tenant that was never seen before is expected to close from the newest of them on. Those
        of a page are in order of the tenants, and each one's days oldest first. Raises what the
        directory raises, and ``StateUnavailable`` and ``StateMisfit``.
        """
        expectation = self._expectations.of(zone_name)
        days = expectation.days(nominal, now)
        if not days:
            return
        for tenants in self._pages(zone_name, _window_over(expectation.calendar, days)):
            newest = {tenant.id: tenant.closes_from or days[-1] for tenant in tenants}
            with self._ledger.turn() as turn:
                first_days = turn.state.known_tenants.first_days(newest, turn.now)
                standings = standings_of(turn.state, list(newest), days, self._backend)
            yield [
                TenantDay(tenant, key, standings[key])
                for tenant in tenants
                for key in _keys_of(tenant, days, first_days)
            ]

    def without_calendar(
        self, nominal: datetime, now: datetime
    ) -> Iterator[tuple[date, Sequence[Tenant]]]:
        """Yield pages of the tenants whose zone is none, with the day of all others at a time.

        That is the newest in the deployment's own zone. Who begins later has no part in it. Raises
        what the directory raises.
        """
        own = self._expectations.of(None)
        days = own.days(nominal, now)
        if not days:
            return
        for zone_name in self._directory.zones():
            try:
                self._expectations.of(zone_name)
            except InvalidRequest:
                for tenants in self._pages(zone_name, _window_over(own.calendar, days)):
                    yield (
                        days[-1],
                        [t for t in tenants if t.closes_from is None or t.closes_from <= days[-1]],
                    )

    def given(self, zone_name: str | None, days: Sequence[date]) -> Iterator[Sequence[TenantDay]]:
        """Yield pages of days, oldest first, of the tenants of a zone, whenever they were seen."""
        calendar = self._expectations.of(zone_name).calendar
        for tenants in self._pages(zone_name, _window_over(calendar, days)):
            ids = [tenant.id for tenant in tenants]
            with self._ledger.look() as turn:
                standings = standings_of(turn, ids, days, self._backend)
            yield [
                TenantDay(tenant, key, standings[key])
                for tenant in tenants
                for key in _keys_of(tenant, days, {})
            ]

    def _pages(self, zone_name: str | None, window: Window) -> Iterator[Sequence[Tenant]]:
        after: str | None = None
        while True:
            tenants = self._directory.page(zone_name, after, PAGE_TENANTS_MAX, window)
            if tenants:
                yield tenants
            if len(tenants) < PAGE_TENANTS_MAX:
                return
            after = tenants[-1].id


def _keys_of(
    tenant: Tenant, days: Sequence[date], first_days: Mapping[str, date]
) -> Iterator[CloseKey]:
    first_day = tenant.closes_from or first_days.get(tenant.id, date.min)
    for day in days:
        if day >= first_day:
            yield CloseKey(tenant.id, Period(PeriodKind.DAY, day))


def _window_over(calendar: Calendar, days: Sequence[date]) -> Window:
    """Return the time from the start of the first day to the end of the last."""
    first, last = calendar.window(days[0]), calendar.window(days[-1])
    return Window(first.day, first.start, last.end, first.wall_start, last.wall_end)
