"""The port for events that have come, so that each starts its jobs once."""

from datetime import datetime
from typing import Protocol

from aegis_batch.domain.job_event import JobEvent

__all__ = ["JobEvents"]


class JobEvents(Protocol):
    """Keeps which events have come, within a turn."""

    def add(self, event: JobEvent, come_at: datetime) -> bool:
        """Keep that an event has come, unless one of its tenant and id has; say if it was new."""
        ...

    def position(self) -> int:
        """Return up to which number the inbox was read; 0 before the first."""
        ...

    def advance(self, position: int) -> None:
        """Keep up to which number the inbox was read; it never goes back."""
        ...

    def forget(self, come_before: datetime, limit: int) -> int:
        """Delete events that came before an instant, oldest first; return how many."""
        ...
