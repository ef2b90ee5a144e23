"""Many schedules at once, in memory."""

from collections.abc import Collection, Mapping

from aegis_batch.adapters.outbound.memory.schedules import InMemorySchedules
from aegis_batch.domain.schedule import ScheduleState

__all__ = ["InMemoryManySchedules"]


class InMemoryManySchedules:
    """Looks up many schedules one after the other."""

    def __init__(self, schedules: InMemorySchedules) -> None:
        """Take what keeps them."""
        self._schedules = schedules

    def of(self, names: Collection[str]) -> Mapping[str, ScheduleState]:
        """Return those of these schedules that there are, by their names."""
        found = {name: self._schedules.get(name) for name in names}
        return {name: state for name, state in found.items() if state is not None}
