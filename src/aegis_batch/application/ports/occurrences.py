"""The port for the decisions about nominal times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from aegis_batch.domain.schedule import Occurrence

__all__ = ["Occurrences"]


class Occurrences(Protocol):
    """Keeps one decision for each nominal time of a schedule, within a turn."""

    def add(self, occurrence: Occurrence) -> None:
        """Keep a decision; ``ValueError`` where that nominal time was decided before: a defect."""
        ...

    def find(self, schedule: str, nominal: datetime) -> Occurrence | None:
        """Return the decision about a nominal time; ``None`` where it has not been decided."""
        ...

    def withdraw(self, schedule: str, after: datetime, limit: int) -> Sequence[Occurrence]:
        """Take away decisions about a schedule's nominal times after an instant, and return them.

        At most ``limit``, the newest first. Those about the instant itself, and before, stay.
        """
        ...

    def newest(self, schedule: str, limit: int) -> Sequence[Occurrence]:
        """Return the decisions about a schedule's last nominal times, newest first."""
        ...
