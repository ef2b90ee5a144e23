"""The ports for asking for reports, and for handing them over."""

from dataclasses import dataclass
from typing import Protocol

from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run

__all__ = ["Receipt", "ReportFinder", "ReportGateway"]


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


class ReportFinder(Protocol):
    """Asks for reports; a report is known by the key of its run."""

    @property
    def can_find(self) -> bool:
        """Whether the settings name a source that can be asked for reports."""
        ...

    @property
    def identity(self) -> str:
        """Which Backend this is: the same from one start to the next, and no other's.

        It is short, and tells nobody the address.
        """
        ...

    @property
    def can_replace(self) -> bool:
        """Whether a report can be put in the place of a different one."""
        ...

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report that closes the run's period, or ``None`` where there is none.

        With ``once`` a passing failure is not tried again. Where ``can_find`` is false, the answer
        is always ``None``.

        Raises ``BackendRefused`` and ``BackendUnavailable``, with ``attempts`` 0.
        """
        ...


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
