"""Whoever takes the reports, left alone while it rests."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
from aegis_batch.application.ports.report_gateway import Receipt, ReportGateway
from aegis_batch.domain.errors import BackendResting
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run

__all__ = ["BreakingReportGateway"]

T = TypeVar("T")


class BreakingReportGateway:
    """Asks and hands over as the gateway behind it does, unless it rests; see the port.

    Raises ``BackendResting`` then, beside what the other raises.
    """

    def __init__(self, reports: ReportGateway, breaker: ProviderBreaker) -> None:
        """Take who is asked, and the breaker before it."""
        self._reports = reports
        self._breaker = breaker

    @property
    def can_find(self) -> bool:
        """Whether there is a source that can be asked for reports."""
        return self._reports.can_find

    @property
    def identity(self) -> str:
        """Which Backend this is."""
        return self._reports.identity

    @property
    def can_replace(self) -> bool:
        """Whether a report can be put in the place of a different one."""
        return self._reports.can_replace

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes the run's period, or ``None`` where there is none."""
        if not self._reports.can_find:
            return self._reports.find(run, once=once)
        return self._ask(lambda: self._reports.find(run, once=once))

    def submit(self, run: Run, report: Report) -> Receipt:
        """Hand a report over; doing it twice is harmless."""
        return self._ask(lambda: self._reports.submit(run, report))

    def replace(self, run: Run, report: Report) -> Receipt:
        """Put a report in the place of a different one."""
        return self._ask(lambda: self._reports.replace(run, report))

    def _ask(self, question: Callable[[], T]) -> T:
        return self._breaker.ask(question, _resting)


def _resting(until: datetime) -> BackendResting:
    return BackendResting(
        "breaker_open",
        "The Backend has failed many times in a row, and is left alone until"
        f" {until.isoformat(timespec='seconds')}.",
        "Nothing needs to be done: one request a time finds out whether it is back, and then all"
        " goes on. aegis-batch doctor says what is wrong with it.",
        until,
    )
