"""The port for forgetting what is so old that nobody asks for it any more."""

from datetime import datetime
from typing import Protocol

__all__ = ["Retention"]


class Retention(Protocol):
    """Deletes history within a turn, oldest first, a bounded number of records at each call.

    What never is deleted: runs that have not ended or that became dead letters, dead letters, the
    audit, seals, and what schedules have decided last.
    """

    def forget_runs(self, ended_before: datetime, limit: int) -> int:
        """Delete runs that ended before an instant, with their timelines; return how many."""
        ...

    def forget_occurrences(self, decided_before: datetime, limit: int) -> int:
        """Delete decisions made before an instant; return how many."""
        ...
