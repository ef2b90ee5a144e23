"""A queue of work in memory, whose owner says when it goes on."""

from collections.abc import Callable, Collection
from datetime import datetime

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.adapters.outbound.memory.work_intake import InMemoryWorkIntake
from aegis_batch.application.ports.work_queue import CLOSES, LANES, Work

__all__ = ["InMemoryWorkQueue"]


class InMemoryWorkQueue:
    """Queues work within the turns of an ``InMemoryState``, and is driven by hand.

    It has no threads and no clock: whoever owns it takes the work that is due and has it carried
    out, one after the other, in an order that is always the same. Like the state, it outlives the
    programs that use it: what one of them had begun is taken up again after the next ``start``.
    """

    def __init__(self, wait_seconds: float = 10.0) -> None:
        """Take how long a turn waits for the one before it to end.

        ``log`` is what the state writes its changes to as well, so that both change as one;
        ``intake`` is the turns' own.
        """
        self.log = UndoLog(wait_seconds)
        self.intake = InMemoryWorkIntake(self.log)
        self._carry_out: Callable[[str, str], None] | None = None

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        """Take up work; what was begun and has not ended was broken off, and comes first."""
        with self.log.transaction():
            self._break_off()
        self._carry_out = carry_out

    def stop(self, drain_seconds: float) -> Collection[str]:
        """Take no new work, and hand back what was taken and has not ended."""
        del drain_seconds  # Nothing goes on by itself here.
        self._carry_out = None
        with self.log.transaction():
            return self._break_off()

    def lost(self, work_ids: Collection[str]) -> Collection[str]:
        """Return those of the ids that are neither queued nor under way."""
        return [work_id for work_id in work_ids if not self.intake.holds(work_id)]

    def widen(self) -> None:
        """Change nothing: whoever owns it takes the work of all lanes."""

    def due(self, now: datetime) -> list[Work]:
        """Return the work that may begin, in order, without taking it.

        First what was broken off; then lane by lane by rank, due time and id. None where nobody
        has started the queue.
        """
        if self._carry_out is None:
            return []
        queued = [work for work in self.intake.queued.values() if work.due_at <= now]
        return [*self.intake.broken_off.values(), *sorted(queued, key=_turn_of)]

    def take_due(self, now: datetime, executor: str = "") -> list[Work]:
        """Take all the work that may begin; each must then be given to ``perform``.

        ``executor`` is who takes it, where there are several.
        """
        taken, intake = self.due(now), self.intake
        with self.log.transaction():
            for work in taken:
                kept = intake.broken_off if work.id in intake.broken_off else intake.queued
                self.log.drop(kept, work.id)
                self.log.put(intake.begun, work.id, work)
                self.log.put(intake.holder_of, work.id, executor)
        return taken

    def perform(self, work: Work) -> None:
        """Have work carried out that was taken.

        Where that raises an ``Exception``, which is a defect, the work is lost and the error goes
        on; where it is broken off by anything else, the work stays under way until ``start``.
        """
        if self._carry_out is None or work.id not in self.intake.begun:
            raise RuntimeError(f"not taken, or the queue is stopped: {work.id}")
        try:
            self._carry_out(work.run_id, work.id)
        except Exception:
            self._end(work.id)
            raise
        self._end(work.id)

    def next_due_at(self) -> datetime | None:
        """Return the earliest moment at which queued work may begin; ``None`` without any."""
        waiting = [*self.intake.queued.values(), *self.intake.broken_off.values()]
        return min((work.due_at for work in waiting), default=None)

    def _break_off(self) -> list[str]:
        begun = list(self.intake.begun.values())
        for work in begun:
            self.log.drop(self.intake.begun, work.id)
            self.log.put(self.intake.broken_off, work.id, work)
        return [work.id for work in begun]

    def _end(self, work_id: str) -> None:
        # The work may have been handed back while it was carried out.
        with self.log.transaction():
            for kept in (self.intake.begun, self.intake.broken_off):
                if work_id in kept:
                    self.log.drop(kept, work_id)
            self.log.put(self.intake.ended, work_id, None)


def _turn_of(work: Work) -> tuple[int, int, datetime, str]:
    # Lanes of tenants' queues are each as good as that of all closes.
    place = LANES.index(CLOSES if work.lane.is_of_a_queue else work.lane)
    return (place, work.rank, work.due_at, work.id)
