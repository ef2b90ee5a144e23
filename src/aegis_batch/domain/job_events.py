"""What happened to runs, schedules and backfills, and to the words that people are sent.

The names that begin with ``job.`` are a contract (``spec/3``).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from aegis_batch.domain.events import Event, RunEvent
from aegis_batch.domain.run import JobKind, Trigger
from aegis_batch.domain.schedule import Decision
from aegis_batch.domain.verification import Verdict

__all__ = [
    "BackfillEnded",
    "DayOverdue",
    "JobBegunAgain",
    "JobCancelled",
    "JobCompleted",
    "JobDispatched",
    "JobFailed",
    "JobHandedBack",
    "JobRetried",
    "JobSentToDlq",
    "JobStarted",
    "JobTaken",
    "NoticeDelivered",
    "NoticeFailed",
    "NoticeGivenUp",
    "OccurrenceDecided",
    "PeriodVerified",
    "ScheduleSetBack",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDispatched(RunEvent):
    """A run was put into the work queue for the first time."""

    name: ClassVar[str] = "job.dispatched"
    job: JobKind
    trigger: Trigger
    requested_by: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTaken(RunEvent):
    """An attempt at a run came out of the work queue.

    ``queued_ms`` is how long it waited for its turn after it was due; ``lateness_ms`` how long
    after the nominal time it began, ``None`` where that is not the first attempt at a nominal time
    that came by itself.
    """

    name: ClassVar[str] = "job.taken"
    job: JobKind
    attempt: int
    queued_ms: float
    lateness_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBegunAgain(RunEvent):
    """An attempt that the end of a process broke off was begun anew; ``left_by`` had it before."""

    name: ClassVar[str] = "job.begun_again"
    job: JobKind
    attempt: int
    left_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHandedBack(RunEvent):
    """A process that stopped has handed an attempt back, for the next start to begin it anew."""

    name: ClassVar[str] = "job.handed_back"
    job: JobKind
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelled(RunEvent):
    """A run ended without having done its job; ``why`` says what took its place."""

    name: ClassVar[str] = "job.cancelled"
    job: JobKind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(RunEvent):
    """An attempt at a job that is no close began."""

    name: ClassVar[str] = "job.started"
    job: JobKind


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompleted(RunEvent):
    """A job that is no close came to a good end; ``told`` says what it did."""

    name: ClassVar[str] = "job.completed"
    job: JobKind
    told: str
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(RunEvent):
    """An attempt at a job that is no close came to a bad end; ``code`` says why."""

    name: ClassVar[str] = "job.failed"
    job: JobKind
    code: str
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetried(RunEvent):
    """A run goes back into the work queue: after a failure that may pass, or after a stop."""

    name: ClassVar[str] = "job.retried"
    job: JobKind
    attempt: int
    code: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSentToDlq(RunEvent):
    """A run failed for good and is a dead letter now, for a person to decide about."""

    name: ClassVar[str] = "job.sent_to_dlq"
    job: JobKind
    attempts: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOverdue(RunEvent):
    """A business day was not closed by the deadline; the run is the check that found it."""

    name: ClassVar[str] = "day.overdue"
    day: date
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodVerified(RunEvent):
    """A closed period was read, derived and compared again; ``found`` says what is off.

    The key of the run is that of the period. Where nothing here knows it to be closed, it was not
    ``known_closed``: somebody asked all the same.
    """

    name: ClassVar[str] = "period.verified"
    verdict: Verdict
    found: str | None
    known_closed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceDecided(Event):
    """What becomes of a nominal time was decided."""

    name: ClassVar[str] = "occurrence.decided"
    schedule: str
    nominal: datetime
    decision: Decision
    reason: str
    run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSetBack(Event):
    """A schedule that a clock far ahead had brought forward was set back.

    ``was_at`` is what its next time was; ``withdrawn`` counts the decisions about times to come
    that are void by it: each of these times is decided when it comes.
    """

    name: ClassVar[str] = "schedule.set_back"
    schedule: str
    was_at: datetime | None
    next_at: datetime | None
    withdrawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillEnded(Event):
    """The last run of a backfill came to its end; ``skipped`` periods were left to others."""

    name: ClassVar[str] = "backfill.ended"
    backfill_id: str
    done: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDelivered(Event):
    """A notice reached its receiver."""

    name: ClassVar[str] = "notice.delivered"
    key: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFailed(Event):
    """A notice did not reach its receiver, and is tried again at ``due_at``."""

    name: ClassVar[str] = "notice.failed"
    key: str
    attempts: int
    code: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGivenUp(Event):
    """A notice was tried often enough and reached nobody."""

    name: ClassVar[str] = "notice.given_up"
    key: str
    attempts: int
    code: str
