"""What takes the reports and keeps them: a Backend, or a database for those without one."""

from enum import StrEnum

__all__ = ["ReportKeeper"]


class ReportKeeper(StrEnum):
    """Who holds the reports that were handed over, so that people are told the right one."""

    BACKEND = "backend"
    DATABASE = "database"

    @classmethod
    def of(cls, *, can_replace: bool) -> "ReportKeeper":
        """Return which one it is: only the reports' database puts one report in another's place."""
        return cls.DATABASE if can_replace else cls.BACKEND

    @property
    def heading(self) -> str:
        """Its name, as a heading has it."""
        return "Backend" if self is ReportKeeper.BACKEND else "reports' database"

    @property
    def named(self) -> str:
        """Its name within a sentence."""
        return f"the {self.heading}"

    @property
    def held_report(self) -> str:
        """The report that it holds, within a sentence."""
        if self is ReportKeeper.BACKEND:
            return "the Backend's report"
        return "the report in the reports' database"

    @property
    def place(self) -> str:
        """Where a report is that it holds, within a sentence."""
        return "at the Backend" if self is ReportKeeper.BACKEND else "in the reports' database"
