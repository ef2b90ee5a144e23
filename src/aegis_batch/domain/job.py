"""Jobs that people and other services define: what is started, when, how urgently, by what limits.

The fields are those of ``jobs_agendados`` (``spec/2``) under English names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from aegis_batch.domain.condition import Condition
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Overlap, Schedule, ScheduleKind, Timing
from aegis_batch.domain.task import Priority

__all__ = [
    "CATEGORY_DEFAULTS",
    "Category",
    "Defaults",
    "JobDefinition",
    "TaskKind",
    "job_id_of",
    "schedule_name_of",
]

_PREFIX = "job:"


class TaskKind(StrEnum):
    """What a defined job does."""

    DAILY_CLOSE = "daily_close"
    WEEKLY_CLOSE = "weekly_close"
    MONTHLY_CLOSE = "monthly_close"
    REBUILD = "rebuild"
    VERIFY = "verify"
    RETENTION = "retention"
    HTTP = "http"

    @property
    def job(self) -> JobKind:
        """The kind of the runs that it becomes."""
        return _JOB_OF[self]


_JOB_OF: Mapping[TaskKind, JobKind] = MappingProxyType(
    {
        TaskKind.DAILY_CLOSE: JobKind.CLOSE,
        TaskKind.WEEKLY_CLOSE: JobKind.CLOSE,
        TaskKind.MONTHLY_CLOSE: JobKind.CLOSE,
        TaskKind.REBUILD: JobKind.REBUILD_RANGE,
        TaskKind.VERIFY: JobKind.VERIFY,
        TaskKind.RETENTION: JobKind.RETENTION,
        TaskKind.HTTP: JobKind.HTTP,
    }
)


class Category(StrEnum):
    """The categories of ``spec/2``, which set defaults."""

    MAINTENANCE = "maintenance"
    BUSINESS = "business"
    CRITICAL = "critical"
    REALTIME = "realtime"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a category sets where a job doesn't say; ``attempts_max`` counts the first one too."""

    priority: Priority
    timeout_seconds: int
    attempts_max: int
    immediate_retry: bool


# `max-retries: 1` of spec/2 is one attempt after the first; its default of 3 is 3 after the first.
CATEGORY_DEFAULTS: Mapping[Category, Defaults] = MappingProxyType(
    {
        Category.MAINTENANCE: Defaults(Priority.LOW, 3600, 4, immediate_retry=False),
        Category.BUSINESS: Defaults(Priority.NORMAL, 1800, 4, immediate_retry=False),
        Category.CRITICAL: Defaults(Priority.HIGH, 600, 4, immediate_retry=True),
        Category.REALTIME: Defaults(Priority.CRITICAL, 60, 2, immediate_retry=True),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefinition:
    """A job as it was defined; every change makes a new one, with the next ``version``.

    ``tenant`` is whose its runs are; ``*``: those of the tenant of an event, or everyone's. Without
    ``timing`` it starts by hand and by ``events`` (names of types) alone. ``service`` is the name
    of one that the settings register, ``endpoint`` a path of it; both are of ``HTTP`` alone.
    ``payload`` is canonical JSON text of an object. ``depends_on`` are ids of jobs whose newest run
    must have succeeded. ``zone_name`` is the zone of its tenant's calendar, ``None``: the
    deployment's. A removed one stays, for what refers to it.
    """

    id: str
    name: str
    tenant: str
    task: TaskKind
    created_by: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    timing: Timing | None = None
    events: tuple[str, ...] = ()
    service: str | None = None
    endpoint: str | None = None
    method: str = "POST"
    payload: str | None = None
    is_active: bool = True
    category: Category = Category.BUSINESS
    priority: Priority = Priority.NORMAL
    attempts_max: int = 4
    timeout_seconds: int = 1800
    immediate_retry: bool = False
    group: str | None = None
    depends_on: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    zone_name: str | None = None
    is_removed: bool = False
    version: int = 1

    @property
    def schedule_name(self) -> str:
        """The name of the schedule that fires it, under which all its runs are known."""
        return schedule_name_of(self.id)

    def schedule(self) -> Schedule | None:
        """Return what fires it; ``None`` where no time does.

        Of several times one is skipped while a run goes on; the only one waits for its end.
        """
        if self.timing is None or not self.is_active or self.is_removed:
            return None
        is_once = self.timing.kind is ScheduleKind.ONE_TIME
        return Schedule(
            name=self.schedule_name,
            job=self.task.job,
            timing=self.timing,
            overlap=Overlap.BUFFER_ALL if is_once else Overlap.SKIP,
            newest_only=True,
        )


def schedule_name_of(job_id: str) -> str:
    """Return the name of a defined job's schedule; no schedule of the settings has such a name."""
    return _PREFIX + job_id


def job_id_of(schedule_name: str | None) -> str | None:
    """Return which defined job a schedule is of; ``None`` for those of the settings."""
    if schedule_name is None or not schedule_name.startswith(_PREFIX):
        return None
    return schedule_name.removeprefix(_PREFIX)
