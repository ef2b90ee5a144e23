"""The port for forgetting what is so old that nobody asks for it any more."""

from datetime import datetime
from typing import Protocol

__all__ = ["Retention"]


class Retention(Protocol):
    """Deletes history within a turn, oldest first, a bounded number of records at each call.

    What never is deleted: runs that have not ended or that became dead letters, dead letters, the
    audit, seals, and what schedules have decided last. What was deleted for its age stays known:
    whatever else is gone was taken away.
    """

    def forget_runs(self, ended_before: datetime, limit: int) -> int:
        """Delete runs that ended before an instant, with their timelines; return how many."""
        ...

    def forget_executors(self, silent_since: datetime, limit: int) -> int:
        """Delete executors that are gone and were heard last before an instant; return how many."""
        ...

    def runs_forgotten_before(self) -> datetime | None:
        """Return the latest instant that runs were deleted up to; ``None`` if none ever was."""
        ...

    def forget_occurrences(self, decided_before: datetime, limit: int) -> int:
        """Delete decisions made before an instant; return how many."""
        ...
