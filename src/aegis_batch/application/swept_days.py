"""Which closed days a sweep looks at: those of one tenant, or of all tenants of a zone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from aegis_batch.application.day_standing import Standing, standing_of
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.tenants_days import TenantsDays
from aegis_batch.application.verifying import Sealed, newest_seal
from aegis_batch.domain.broken_link import BrokenLink
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.run import Run
from aegis_batch.domain.run_record import RunRecord

__all__ = ["SweptDay", "SweptDayOfRun", "SweptDays", "SweptDaysOfAll", "SweptDaysOfOne"]

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SweptDay:
    """A day to look at; it is surely closed, or the Backend is asked whether it is."""

    run: Run
    is_closed: bool
    sealed: Sealed | BrokenLink | None
    zone_name: str | None = None


class SweptDays(Protocol):
    """Knows the days that a sweep looks at."""

    def pages(self, record: RunRecord) -> Iterator[Sequence[SweptDay]]:
        """Yield the days that are closed, or may be, for the run of a sweep; each page is one turn.

        Raises ``StateUnavailable`` and ``StateMisfit``, and what a directory of tenants raises.
        """
        ...


class SweptDaysOfOne:
    """Knows the last days of a single tenant."""

    def __init__(self, ledger: Ledger, expectation: Expectation, days: int, backend: str) -> None:
        """Take which days are expected to be closed, and how many are looked at.

        ``backend`` is the identity of what takes the reports.
        """
        self._ledger = ledger
        self._expectation = expectation
        self._days = days
        self._backend = backend

    def pages(self, record: RunRecord) -> Iterator[Sequence[SweptDay]]:
        """Yield all of them as one page, oldest first."""
        found = []
        with self._ledger.turn() as turn:
            for day in _days_until(self._expectation, self._days, turn.now):
                run = record.run_on(day)
                standing = standing_of(turn.state, run.key, self._backend).standing
                if standing in (Standing.CLOSED, Standing.UNKNOWN):
                    sealed = newest_seal(turn.state, run.key)
                    found.append(SweptDay(run, standing is Standing.CLOSED, sealed))
        yield found


class SweptDayOfRun:
    """Knows the one day that a run is about, closed or not."""

    def __init__(self, ledger: Ledger, backend: str) -> None:
        """Take the ledger, and the identity of what takes the reports."""
        self._ledger = ledger
        self._backend = backend

    def pages(self, record: RunRecord) -> Iterator[Sequence[SweptDay]]:
        """Yield it as one page."""
        with self._ledger.look() as turn:
            standing = standing_of(turn, record.key, self._backend).standing
            sealed = newest_seal(turn, record.key)
        yield [SweptDay(record.run, standing is Standing.CLOSED, sealed, record.zone_name)]


class SweptDaysOfAll:
    """Knows the last days of all tenants of a zone that the ledger knows to be closed."""

    def __init__(
        self,
        ledger: Ledger,
        expectations: Expectations,
        tenants_days: TenantsDays,
        clock: Clock,
        days: int,
    ) -> None:
        """Take the tenants with their days, and how many of each are looked at."""
        self._ledger = ledger
        self._expectations = expectations
        self._tenants_days = tenants_days
        self._clock = clock
        self._days = days

    def pages(self, record: RunRecord) -> Iterator[Sequence[SweptDay]]:
        """Yield them by pages of tenants."""
        expectation = self._expectations.of(record.zone_name)
        days = list(_days_until(expectation, self._days, self._clock.now()))
        if not days:
            return
        for page in self._tenants_days.given(record.zone_name, days):
            closed = [day.key for day in page if day.standing.standing is Standing.CLOSED]
            with self._ledger.look() as turn:
                seals = {key: newest_seal(turn, key) for key in closed}
            yield [
                SweptDay(
                    replace(record.run, key=key),
                    is_closed=True,
                    sealed=sealed,
                    zone_name=record.zone_name,
                )
                for key, sealed in seals.items()
            ]


def _days_until(expectation: Expectation, count: int, now: datetime) -> Iterator[date]:
    newest = expectation.newest_day(now)
    for behind in reversed(range(count)):
        day = newest - behind * _ONE_DAY
        if expectation.close_from is None or day >= expectation.close_from:
            yield day
