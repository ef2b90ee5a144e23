"""How a close ends."""

from dataclasses import dataclass
from enum import StrEnum

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Violation
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.report import Report
from aegis_batch.domain.run import Run
from aegis_batch.domain.seal import Seal

__all__ = ["CloseResult", "Outcome", "Problem", "Submission"]


class Outcome(StrEnum):
    """The ways in which a close can end; see the table of exit statuses."""

    CREATED = "created"
    ALREADY_CLOSED = "already_closed"
    DRY_RUN = "dry_run"
    REJECTED = "rejected"
    REFUSED = "refused"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    UNREADABLE = "unreadable"
    INVALID = "invalid"
    DEFECT = "defect"

    @property
    def is_success(self) -> bool:
        """Whether the Backend has confirmed that the period is closed."""
        return self in (Outcome.CREATED, Outcome.ALREADY_CLOSED)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in a form that is safe to show: a code, a message and a remedy."""

    code: str
    message: str
    remedy: str
    retryable: bool

    @classmethod
    def of(cls, error: AegisError) -> "Problem":
        """Return a foreseen error as a problem."""
        return cls(error.code, error.message, error.remedy, error.retryable)


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of handing a report over.

    ``attempts`` counts POST requests; ``status`` is the HTTP status of the last answer, or
    ``None`` where the last answer was lost.
    """

    attempts: int
    status: int | None


@dataclass(frozen=True, slots=True)
class CloseResult:
    """Everything that is known about a close once it has ended."""

    run: Run
    outcome: Outcome
    duration_ms: float
    window: Window | None = None
    report: Report | None = None
    already_closed: bool | None = None
    seal: Seal | None = None
    violations: tuple[Violation, ...] = ()
    submission: Submission | None = None
    problem: Problem | None = None
