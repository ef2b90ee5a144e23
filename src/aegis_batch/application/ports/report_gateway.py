"""The port for handing reports over, and for asking for them."""

from dataclasses import dataclass
from typing import Protocol

from aegis_batch.application.ports.report_finder import ReportFinder
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run

__all__ = ["Receipt", "ReportGateway"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the Backend answered to a report.

    ``status`` is 201 where it created the report and 200 where it had one already; ``stored`` is
    the one that it has, where it shows it; ``attempts`` counts the requests that were made.
    ``revision`` is the one that stands now, from 1, where revisions are kept.
    """

    status: int
    attempts: int
    stored: StoredReport | None = None
    revision: int | None = None

    @property
    def created(self) -> bool:
        """Whether the report is new to the Backend."""
        return self.status == 201  # noqa: PLR2004 - the contract's own number


class ReportGateway(ReportFinder, Protocol):
    """Asks for reports and hands them over."""

    def submit(self, run: Run, report: Report) -> Receipt:
        """Hand a report over; doing it twice is harmless.

        Passing failures are tried again a bounded number of times, within a bounded time.

        Raises ``BackendRefused``; ``AnswerLost`` where an answer was lost on the way and none
        came later; ``BackendUnavailable`` where every attempt failed for sure.
        """
        ...

    def replace(self, run: Run, report: Report) -> Receipt:
        """Put a report in the place of a different one, which is kept as a former revision.

        An equal one stays, and where there is none the report is created: as ``submit`` does, and
        with its errors. Only where ``can_replace`` is true; else it is a ``BackendRefused``.
        """
        ...
