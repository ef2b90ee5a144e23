"""The port for many schedules at once."""

from collections.abc import Collection, Mapping
from typing import Protocol

from aegis_batch.domain.schedule import ScheduleState

__all__ = ["ManySchedules"]


class ManySchedules(Protocol):
    """Looks up what ``Schedules`` keeps, within the same turn, but many with a few statements."""

    def of(self, names: Collection[str]) -> Mapping[str, ScheduleState]:
        """Return those of these schedules that there are, by their names, retired ones too."""
        ...
