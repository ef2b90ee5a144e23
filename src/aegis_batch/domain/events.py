"""What happened, in the past tense: logs, metrics and histories are all written from these.

The names that begin with ``job.`` are a contract (``spec/3``).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from aegis_batch.domain.consistency import Action, Rule
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import Run

__all__ = [
    "CloseCompleted",
    "CloseFailed",
    "CloseStarted",
    "Event",
    "OrdersRead",
    "ReportRecorded",
    "ReportSought",
    "ReportSubmitted",
    "RequestAnswered",
    "RequestFailed",
    "RuleBroken",
    "RunEvent",
    "SealsMerged",
    "SealsUnreadable",
    "Step",
    "StepFailed",
    "StepStarted",
]


class Step(StrEnum):
    """The parts of a close that reach outside; one at a time is under way."""

    FIND = "report.find"
    READ = "orders.read"
    SUBMIT = "report.submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, at a UTC instant."""

    name: ClassVar[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent(Event):
    """Something that happened in a run."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseStarted(RunEvent):
    """A close began."""

    name: ClassVar[str] = "job.started"
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(RunEvent):
    """A step began; it ends with the next event of its own kind, or fails."""

    name: ClassVar[str] = "step.started"
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(RunEvent):
    """A step broke off; ``code`` says why. What that means for the close is told by its end."""

    name: ClassVar[str] = "step.failed"
    step: Step
    code: str
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSought(RunEvent):
    """The Backend was asked whether the period is closed; this ends ``Step.FIND``."""

    name: ClassVar[str] = "report.sought"
    found: bool
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersRead(RunEvent):
    """The orders of the window were read and added up; this ends ``Step.READ``."""

    name: ClassVar[str] = "orders.read"
    orders: int
    lines: int
    violations: int
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SealsMerged(RunEvent):
    """The seals of the period's days were added up, no order was read; this ends ``Step.READ``."""

    name: ClassVar[str] = "seals.merged"
    seals: int
    orders: int
    lines: int
    violations: int
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SealsUnreadable(RunEvent):
    """The state could not tell of the days' seals, so the orders are read; ``code`` says why."""

    name: ClassVar[str] = "seals.unreadable"
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBroken(RunEvent):
    """Orders were found that break a rule; ``count`` says how many."""

    name: ClassVar[str] = "rule.broken"
    rule: Rule
    action: Action
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered(RunEvent):
    """The Backend answered a request in a way that settles it, be it with a refusal.

    ``operation`` is ``find`` or ``submit``; ``attempt`` counts from 1.
    """

    name: ClassVar[str] = "request.answered"
    operation: str
    attempt: int
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(RunEvent):
    """One request to the Backend failed in a way that passes.

    ``operation`` is ``find`` or ``submit``; ``wait_seconds`` is how long the next attempt waits at
    least, since chance may add to it; ``None`` where there is no next one.
    """

    name: ClassVar[str] = "request.failed"
    operation: str
    attempt: int
    reason: str
    status: int | None
    wait_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSubmitted(RunEvent):
    """The Backend took the report, or said that it has one; this ends ``Step.SUBMIT``."""

    name: ClassVar[str] = "report.submitted"
    status: int
    attempts: int
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecorded(ReportSubmitted):
    """A database of reports took the report, or had it; ``revision`` is the one that stands."""

    name: ClassVar[str] = "report.recorded"
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCompleted(RunEvent):
    """A close, or its rehearsal, came to a good end."""

    name: ClassVar[str] = "job.completed"
    dry_run: bool
    outcome: Outcome
    orders: int | None
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFailed(RunEvent):
    """A close, or its rehearsal, came to a bad end; ``code`` says why."""

    name: ClassVar[str] = "job.failed"
    dry_run: bool
    outcome: Outcome
    code: str
    orders: int | None
    duration_ms: float
