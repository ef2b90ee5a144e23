"""The port for queueing work as a part of a turn."""

from collections.abc import Collection, Mapping
from typing import Protocol

from aegis_batch.application.ports.work_queue import Work

__all__ = ["WorkIntake"]


class WorkIntake(Protocol):
    """Takes work within a turn: it is queued where the turn commits, and else never was."""

    def enqueue(self, work: Work) -> None:
        """Queue work; an id that is known already changes nothing."""
        ...

    def withdraw(self, work_id: str) -> None:
        """Take work back that has not begun; where it has, or is unknown, nothing happens."""
        ...

    def holders(self) -> Collection[str]:
        """Return the names of the executors that have begun work and not ended it."""
        ...

    def take_back(self, executors: Collection[str]) -> Mapping[str, int]:
        """Queue again, in front, what executors have begun and not ended; return how many each.

        The end of what one of them is still at will be discarded.
        """
        ...
