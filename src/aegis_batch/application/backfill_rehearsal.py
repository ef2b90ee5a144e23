"""Rehearse a backfill: derive every period of a range, and hand nothing over."""

from collections.abc import Iterator, Sequence

from aegis_batch.application.backfill_range import (
    BackfillRequest,
    periods_over,
    zones_without_calendar,
)
from aegis_batch.application.close_everyone import (
    CloseEveryoneRequest,
    CloseEveryoneUseCase,
    TenantClosed,
)
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.domain.calendar import Period
from aegis_batch.domain.errors import BackendUnavailable
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.report import StoredReport
from aegis_batch.domain.run import Run

__all__ = ["AskedWhileAnswering", "RehearseEveryoneUseCase", "RehearseUseCase"]


class AskedWhileAnswering:
    """Asks a Backend for reports until it fails to answer, and then no more.

    A rehearsal is about the orders: it must not wait for the same silence day after day.
    """

    def __init__(self, reports: ReportFinder) -> None:
        """Take the Backend."""
        self._reports = reports
        self._answers = True

    @property
    def identity(self) -> str:
        """Who it is that is asked; see the port."""
        return self._reports.identity

    @property
    def can_find(self) -> bool:
        """Whether it is worth asking."""
        return self._answers and self._reports.can_find

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes the run's period; see the port."""
        try:
            return self._reports.find(run, once=once)
        except BackendUnavailable:
            self._answers = False
            raise

    @property
    def can_replace(self) -> bool:
        """What the port says, by which a conflict is told; a rehearsal replaces nothing."""
        return self._reports.can_replace


class RehearseUseCase:
    """Rehearses the close of each period of a range, one after the other."""

    def __init__(
        self,
        daily_close: DailyCloseUseCase,
        clock: Clock,
        identifiers: Identifiers,
        calendars: Calendars,
    ) -> None:
        """Take the use case that closes one period, the calendars, and the source of ids."""
        self._daily_close = daily_close
        self._clock = clock
        self._identifiers = identifiers
        self._calendars = calendars

    def rehearse(self, request: BackfillRequest) -> tuple[int, Iterator[CloseResult]]:
        """Return how many periods there are, and what comes of each, in the order asked for.

        They end with the first whose orders can't be read: the others could not be either.
        Raises ``InvalidRequest`` for a range that is none, is too long, or has not ended.
        """
        calendar = self._calendars.of(request.zone_name)
        periods = list(periods_over(request, calendar, self._clock))
        if request.newest_first:
            periods.reverse()

        def results() -> Iterator[CloseResult]:
            for period in periods:
                result = self._daily_close.close(
                    CloseRequest(
                        run_id=self._identifiers.new_run_id(),
                        trace_id=self._identifiers.new_trace_id(),
                        tenant=request.tenant,
                        day=period.first_day,
                        kind=period.kind,
                        dry_run=True,
                        zone_name=request.zone_name,
                    )
                )
                yield result
                if result.outcome is Outcome.UNREADABLE:
                    return

        return len(periods), results()


class RehearseEveryoneUseCase:
    """Rehearses the closes of all tenants, one period of the range after the other."""

    def __init__(
        self,
        closes: CloseEveryoneUseCase,
        directory: TenantDirectory,
        clock: Clock,
        calendars: Calendars,
    ) -> None:
        """Take what rehearses a period of all tenants, who there is, and the calendars."""
        self._closes = closes
        self._directory = directory
        self._clock = clock
        self._calendars = calendars

    def rehearse(self, request: BackfillRequest) -> tuple[Sequence[Period], Iterator[TenantClosed]]:
        """Return the periods in the order asked for, and what comes of each tenant's.

        They end with the first period in which no tenant's orders can be read: the others could not
        be either. Raises ``InvalidRequest`` for a range that is none, is too long, or has not ended
        in the zone of each tenant; and as the directory does.
        """
        periods = list(periods_over(request, self._calendars.of(None), self._clock))
        zones_without_calendar(request, self._directory, self._calendars, self._clock)
        if request.newest_first:
            periods.reverse()

        def results() -> Iterator[TenantClosed]:
            for period in periods:
                outcomes: set[Outcome | None] = set()
                wanted = CloseEveryoneRequest(period.first_day, period.kind)
                for closed in self._closes.close(wanted):
                    outcomes.add(closed.ended.outcome)
                    yield closed
                if outcomes == {Outcome.UNREADABLE}:
                    return

        return periods, results()
