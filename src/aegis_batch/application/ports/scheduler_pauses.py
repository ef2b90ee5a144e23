"""The port for pauses of the whole scheduler, and of groups of jobs."""

from collections.abc import Mapping
from typing import Protocol

from aegis_batch.domain.schedule import Pause

__all__ = ["EVERYTHING", "SchedulerPauses"]

# The scope of a pause of the whole scheduler; no group is called so.
EVERYTHING = "*"


class SchedulerPauses(Protocol):
    """Keeps pauses by their scope, which is a group or ``EVERYTHING``, within a turn."""

    def all(self) -> Mapping[str, Pause]:
        """Return the pauses that there are, by their scope."""
        ...

    def save(self, scope: str, pause: Pause) -> None:
        """Keep a pause, in the place of the one of the same scope."""
        ...

    def remove(self, scope: str) -> None:
        """Take a pause away; where there is none, nothing happens."""
        ...
