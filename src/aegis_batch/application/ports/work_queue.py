"""The port for work that is done later, once, by whoever lives then."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

__all__ = ["Lane", "Work", "WorkQueue"]


class Lane(StrEnum):
    """Which queue work goes through.

    Closes never hold up what watches over them, and no backfill holds up tonight's close.
    """

    CLOSES = "closes"
    JOBS = "jobs"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One attempt to be made: ``id`` is its own, ``run_id`` says at what.

    It starts at ``due_at`` or later. Of two that are due in one lane the one with the smaller
    ``rank`` (1 to 2,147,483,647) starts first.
    """

    id: str
    run_id: str
    lane: Lane
    due_at: datetime
    rank: int


class WorkQueue(Protocol):
    """Hands work to whoever carries it out, and again after a crash, until it has been done."""

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        """Take up work, first of all what a crash broke off, and go on until ``stop``.

        ``carry_out`` is called with the run's id and the work's id, from threads of the queue's
        own; work is done when it returns, whatever it did. It may be called again for the same
        work where the process died meanwhile. It must not raise; if it does, that is a defect, and
        the work is lost.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def stop(self, drain_seconds: float) -> Collection[str]:
        """Take no new work, let what is under way end for so long, and hand the rest back.

        Returns the ids of the work handed back, which the next ``start`` takes up again; the
        process must then end, since its threads may still be at it.
        """
        ...

    def lost(self, work_ids: Collection[str]) -> Collection[str]:
        """Return those of the ids that will never be carried out (any more)."""
        ...
