"""Schedules: rules for when a job starts, and the durable decision about each nominal time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from aegis_batch.domain.jitter import jitter_of
from aegis_batch.domain.run import JobKind

__all__ = [
    "Decision",
    "Occurrence",
    "Overlap",
    "Pause",
    "Schedule",
    "ScheduleKind",
    "ScheduleState",
    "Timing",
]


class ScheduleKind(StrEnum):
    """How a schedule's nominal times follow one another (``spec/2``)."""

    CRON = "CRON"
    FIXED_RATE = "FIXED_RATE"
    FIXED_DELAY = "FIXED_DELAY"
    ONE_TIME = "ONE_TIME"


class Overlap(StrEnum):
    """What happens to a firing while an earlier run of its schedule goes on; Temporal's names."""

    SKIP = "SKIP"
    BUFFER_ONE = "BUFFER_ONE"
    BUFFER_ALL = "BUFFER_ALL"
    CANCEL_OTHER = "CANCEL_OTHER"
    ALLOW_ALL = "ALLOW_ALL"


class Decision(StrEnum):
    """What became of a nominal time; decided once, and never again."""

    RAN = "RAN"
    SKIPPED = "SKIPPED"
    MISSED = "MISSED"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True)
class Timing:
    """When a schedule fires, by its kind.

    ``CRON`` has ``cron`` and ``zone``; ``FIXED_RATE`` and ``FIXED_DELAY`` have ``every``, with the
    first nominal time one ``every`` after the schedule is made; ``ONE_TIME`` has ``at``, a UTC
    instant.
    """

    kind: ScheduleKind
    cron: str | None = None
    zone: str | None = None
    every: timedelta | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse, with ``ValueError``, what does not belong to the kind."""
        has = (self.cron is not None, self.zone is not None, self.every is not None)
        wanted = {
            ScheduleKind.CRON: (True, True, False),
            ScheduleKind.FIXED_RATE: (False, False, True),
            ScheduleKind.FIXED_DELAY: (False, False, True),
            ScheduleKind.ONE_TIME: (False, False, False),
        }[self.kind]
        if has != wanted or (self.at is not None) != (self.kind is ScheduleKind.ONE_TIME):
            raise ValueError(self.kind)
        if self.every is not None and self.every <= timedelta(0):
            raise ValueError(self.every)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule for when to start a job.

    A nominal time older than ``catch_up`` when it is decided is missed. With ``newest_only`` the
    newest of several late firings stands in for the others, as one night closes all open days.
    """

    name: str
    job: JobKind
    timing: Timing
    overlap: Overlap = Overlap.SKIP
    catch_up: timedelta = timedelta(days=7)
    jitter_max_seconds: int = 0
    newest_only: bool = False

    def jitter(self, nominal: datetime) -> timedelta:
        """Return how long a firing is put off: a function of name and nominal time alone."""
        return jitter_of(f"{self.name}|{nominal.timestamp():.6f}", self.jitter_max_seconds)


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused a schedule, when, and why."""

    by: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """A schedule and where it stands.

    ``next_at`` is the nominal time that is decided next: ``None`` where there is none to come, or
    where a ``FIXED_DELAY`` waits for its run to end. ``decided_until`` is the newest nominal time
    that was decided; no edit makes the schedule go back before it, unless a clock that was days
    ahead set it. A retired schedule is no longer in the settings.
    """

    schedule: Schedule
    next_at: datetime | None
    decided_until: datetime | None = None
    pause: Pause | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The decision about one nominal time; ``run_id`` names the run where it ran."""

    schedule: str
    nominal: datetime
    decided_at: datetime
    decision: Decision
    reason: str
    run_id: str | None = None
