"""What a run does, whatever its job: the seam between the ledger and the jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.seal_link import SealedReport

__all__ = ["Ended", "Job", "stands_for"]


def _nothing(turn: LedgerTurn) -> None:
    del turn


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended.

    ``outcome`` is ``None`` for the good end of a job that is no close; ``problem`` is ``None``
    for every good end. ``sealed`` is what a confirmed close rests on, where it was derived, and
    ``backend`` the one that confirmed it. ``in_turn`` is done in the same transaction that keeps
    the good end. After a bad one that may pass, nothing is tried again before ``not_before``.
    """

    outcome: Outcome | None
    duration_ms: float
    problem: Problem | None = None
    orders: int | None = None
    seal: Seal | None = None
    sealed: SealedReport | None = None
    backend: str | None = None
    in_turn: Callable[[LedgerTurn], None] = _nothing
    not_before: datetime | None = None


class Job(Protocol):
    """One kind of work that runs do."""

    def do(self, record: RunRecord) -> Ended:
        """Make one attempt, and tell of it by events; what is foreseen comes back as a problem.

        Doing it twice is harmless. It reaches outside within bounded times.
        """
        ...


def stands_for(turn: Turn, record: RunRecord) -> datetime:
    """Return the nominal time up to which a run does what its schedule is for.

    Later firings that were skipped, since this run had not ended, count on it to do their work
    too: it may have been queued for days. What a pause keeps back is not its to do.
    """
    nominal = record.nominal or record.enqueued_at
    state = None if record.schedule is None else turn.schedules.get(record.schedule)
    if state is None or state.pause is not None or state.decided_until is None:
        return nominal
    return max(nominal, state.decided_until)
