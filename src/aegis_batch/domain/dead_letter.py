"""Dead letters: runs that ended for good in failure, kept until a person decides."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, JobKind

__all__ = ["DeadLetter", "DeadLetterState"]


class DeadLetterState(StrEnum):
    """Where a dead letter stands; only a person moves it on, and only once.

    A rebuild that is replayed by a backfill, and cancelled with it, was not replayed: it is open.
    """

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A run that failed for good; its id is the run's.

    ``replayed_as`` names the run that was started in its place.
    """

    run_id: str
    job: JobKind
    key: CloseKey
    outcome: Outcome
    problem: Problem
    attempts: int
    died_at: datetime
    state: DeadLetterState = DeadLetterState.OPEN
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    replayed_as: str | None = None
