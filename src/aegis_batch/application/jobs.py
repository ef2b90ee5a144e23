"""What a run does, whatever its job: the seam between the ledger and the jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal import Seal

__all__ = ["Ended", "Job"]


def _nothing(turn: LedgerTurn) -> None:
    del turn


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended.

    ``outcome`` is ``None`` for the good end of a job that is no close; ``problem`` is ``None``
    for every good end. ``in_turn`` is done in the same transaction that keeps the good end.
    """

    outcome: Outcome | None
    duration_ms: float
    problem: Problem | None = None
    orders: int | None = None
    seal: Seal | None = None
    in_turn: Callable[[LedgerTurn], None] = _nothing


class Job(Protocol):
    """One kind of work that runs do."""

    def do(self, record: RunRecord) -> Ended:
        """Make one attempt, and tell of it by events; what is foreseen comes back as a problem.

        Doing it twice is harmless. It reaches outside within bounded times.
        """
        ...
