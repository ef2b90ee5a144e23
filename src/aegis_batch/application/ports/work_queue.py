"""The port for work that is done later, once, by whoever lives then."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aegis_batch.domain.work_payload import WorkPayload

__all__ = ["BACKFILL", "CLOSES", "JOBS", "LANES", "TASKS", "Lane", "Work", "WorkQueue"]

_OF_A_QUEUE = re.compile(r"closes@[A-Za-z0-9_.-]{1,50}")


@dataclass(frozen=True, slots=True)
class Lane:
    """Which queue work goes through, by its name.

    Closes never hold up what watches over them, and no backfill holds up tonight's close. Closes of
    tenants with a queue of their own have a lane of their own, as ``closes@NAME``: they neither
    hold up the others nor wait for them.
    """

    name: str

    @classmethod
    def named(cls, name: str) -> "Lane":
        """Return the lane of a name; ``ValueError`` for a name that none has."""
        lane = cls(name)
        if lane not in LANES and _OF_A_QUEUE.fullmatch(name) is None:
            raise ValueError("is none of closes, jobs, backfill, tasks and closes@NAME")
        return lane

    @classmethod
    def of_queue(cls, queue: str | None) -> "Lane":
        """Return the lane of closes of a tenant's queue; that of all where it can have none."""
        lane = CLOSES if queue is None else cls(f"closes@{queue}")
        return lane if lane.is_of_a_queue else CLOSES

    @property
    def is_of_a_queue(self) -> bool:
        """Whether it is for tenants with a queue of their own."""
        return _OF_A_QUEUE.fullmatch(self.name) is not None


CLOSES, JOBS, BACKFILL = Lane("closes"), Lane("jobs"), Lane("backfill")
# What defined jobs start that is no close.
TASKS = Lane("tasks")
# Those that there always are.
LANES = (CLOSES, JOBS, BACKFILL, TASKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One attempt to be made: ``id`` is its own, ``run_id`` says at which run, or shard of runs.

    It starts at ``due_at`` or later. Of two that are due in one lane the one with the smaller
    ``rank`` (1 to 2,147,483,647) starts first.
    """

    id: str
    run_id: str
    lane: Lane
    due_at: datetime
    rank: int

    def __post_init__(self) -> None:
        """Check what the queue will carry; ``ValueError`` for what can be none: a defect."""
        WorkPayload(self.run_id, self.id)


class WorkQueue(Protocol):
    """Hands work to whoever carries it out, and again after a crash, until it has been done."""

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        """Take up work, first of all what a crash broke off, and go on until ``stop``.

        ``carry_out`` is called with the run's id and the work's id, from threads of the queue's
        own; work is done when it returns, whatever it did. It may be called again for the same
        work where the process died meanwhile. What it raises ends the work too, which is ``lost``
        then: ``StateUnavailable`` and ``StateMisfit`` where it broke off for want of the state, all
        else by a defect.

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
        """Return those of the ids that will never be carried out (any more).

        So also those in a lane of a tenant's queue that this process should work at and doesn't.
        """
        ...

    def widen(self) -> None:
        """Work, from now on, at the lanes of tenants' queues that have come up since the start.

        Only who works at the lane of all closes does. Raises ``StateUnavailable`` and
        ``StateMisfit``.
        """
        ...
