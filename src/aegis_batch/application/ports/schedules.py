"""The port for schedules."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from aegis_batch.domain.schedule import ScheduleState

__all__ = ["Schedules"]


class Schedules(Protocol):
    """Keeps schedules by their name, within a turn."""

    def get(self, name: str) -> ScheduleState | None:
        """Return a schedule, retired ones too; ``None`` where there is none of the name."""
        ...

    def save(self, state: ScheduleState) -> None:
        """Keep a schedule, in the place of the one with its name."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[ScheduleState]:
        """Return schedules whose next time has come, longest due first, at most ``limit``.

        Retired schedules are none of them; paused ones are, since each time is accounted for.
        """
        ...

    def all(self) -> Sequence[ScheduleState]:
        """Return all schedules in the order of their names, retired ones too."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return the earliest next time of any schedule that isn't retired."""
        ...
