"""The engine as each of several processes has it: one queue of work, taken from by all."""

from collections.abc import Callable, Collection
from datetime import datetime

from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.work_queue import LANES, Work

__all__ = ["SharedQueue"]

_LANES = list(LANES)


class SharedQueue:
    """Takes work out of a queue that other processes take from too, and notes whose it is.

    Like the real engine it never takes work away from a process that may live, and pays no heed to
    what becomes of work that somebody else has taken meanwhile.
    """

    def __init__(self, queue: InMemoryWorkQueue, executor: str) -> None:
        """Take the queue itself, and the name of the process."""
        self._intake = queue.intake
        self._log = queue.log
        self._executor = executor
        self._carry_out: Callable[[str, str], None] | None = None
        self._at_work: set[str] = set()
        # Work that the engine hands out here though somebody else is at it.
        self.doubled: list[Work] = []

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        """Take up work from now on."""
        self._carry_out = carry_out

    def stop(self, drain_seconds: float) -> Collection[str]:
        """Take no new work, and hand back what was taken and has not ended."""
        del drain_seconds  # Whatever goes on is broken off.
        self._carry_out = None
        with self._log.transaction():
            mine = [work_id for work_id in self._intake.begun if self._is_mine(work_id)]
            for work_id in mine:
                work = self._log.drop(self._intake.begun, work_id)
                self._log.put(self._intake.broken_off, work_id, work)
        return mine

    def widen(self) -> None:
        """Do nothing: nobody has a lane of its own here."""

    def lost(self, work_ids: Collection[str]) -> Collection[str]:
        """Return what is neither queued nor under way, or was taken here and is not."""
        return [
            work_id
            for work_id in work_ids
            if work_id not in self._at_work
            and (not self._intake.holds(work_id) or self._is_mine(work_id))
        ]

    @property
    def is_started(self) -> bool:
        """Whether work is taken here."""
        return self._carry_out is not None

    def take(self, now: datetime) -> Work | None:
        """Take the next piece of work that is due, if there is one."""
        intake = self._intake
        if self._carry_out is None:
            return None
        if self.doubled:
            work = self.doubled.pop()
            self._at_work.add(work.id)
            return work
        due = [work for work in intake.broken_off.values() if work.due_at <= now]
        due = due or [work for work in intake.queued.values() if work.due_at <= now]
        if not due:
            return None
        work = min(due, key=_turn_of)
        with self._log.transaction():
            kept = intake.broken_off if work.id in intake.broken_off else intake.queued
            self._log.drop(kept, work.id)
            self._log.put(intake.begun, work.id, work)
            self._log.put(intake.holder_of, work.id, self._executor)
        self._at_work.add(work.id)
        return work

    def perform(self, work: Work) -> None:
        """Carry work out, and note that it has ended, unless somebody else has it by now."""
        assert self._carry_out is not None
        try:
            self._carry_out(work.run_id, work.id)
        finally:
            self._at_work.discard(work.id)
        self.end(work)

    def lose(self, work: Work) -> None:
        """Do nothing with work that was taken, and forget it."""
        self._at_work.discard(work.id)
        self.end(work)

    def end(self, work: Work) -> None:
        """Note that work has ended."""
        if self._is_mine(work.id):
            with self._log.transaction():
                self._log.drop(self._intake.begun, work.id)
                self._log.put(self._intake.ended, work.id, None)

    def is_under_way(self, work_id: str) -> bool:
        """Say whether a thread of this process is at a piece of work."""
        return work_id in self._at_work

    def _is_mine(self, work_id: str) -> bool:
        is_begun = work_id in self._intake.begun
        return is_begun and self._intake.holder_of.get(work_id) == self._executor


def _turn_of(work: Work) -> tuple[int, int, datetime, str]:
    return (_LANES.index(work.lane), work.rank, work.due_at, work.id)
