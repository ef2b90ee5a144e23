"""A reports' database in memory, to be looked at."""

from typing import TYPE_CHECKING

from aegis_batch.application.ports.reports_inspector import ReportsFacts

if TYPE_CHECKING:
    from aegis_batch.domain.calendar import Period
    from aegis_batch.domain.errors import AegisError

__all__ = ["InMemoryReportsInspector"]


class InMemoryReportsInspector:
    """Answers with ``stands`` and ``revisions``; a ``fault`` is raised instead, if there is one."""

    def __init__(self) -> None:
        """Start with a database as it should be, without any report."""
        self.stands = ReportsFacts(role="writer", version="18.1", schema="0002")
        self.revisions: dict[Period, int] = {}
        self.fault: AegisError | None = None

    def facts(self) -> ReportsFacts:
        """Return how it stands."""
        if self.fault is not None:
            raise self.fault
        return self.stands

    def revision_of(self, period: "Period") -> int | None:
        """Return the current revision of a period's report."""
        if self.fault is not None:
            raise self.fault
        return self.revisions.get(period)
