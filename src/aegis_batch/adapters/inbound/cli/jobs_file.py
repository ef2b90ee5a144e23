"""Jobs as a TOML file has them, one ``[[job]]`` table each."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aegis_batch.application.job_drafts import JobDraft
from aegis_batch.domain.condition import Condition, ConditionKind
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import Category, TaskKind
from aegis_batch.domain.printable import printable
from aegis_batch.domain.schedule import ScheduleKind, Timing
from aegis_batch.domain.task import Priority

__all__ = ["read_jobs"]

_FILE_BYTES_MAX = 16 * 1024 * 1024
_JOBS_MAX = 10_000


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ConditionKind
    values: tuple[str, ...]


class _Job(BaseModel):
    """One table; what a job may be, the application says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    task: TaskKind = TaskKind.HTTP
    tenant: str | None = None
    description: str = ""
    kind: ScheduleKind | None = None
    cron: str | None = None
    zone: str | None = None
    every_seconds: float | None = Field(default=None, gt=0, le=366 * 86_400)
    at: datetime | None = None
    events: tuple[str, ...] = ()
    service: str | None = None
    endpoint: str | None = None
    method: str = "POST"
    payload: dict[str, Any] | None = None
    active: bool = True
    category: Category = Category.BUSINESS
    priority: Priority | None = None
    attempts: int | None = None
    timeout_seconds: int | None = None
    immediate_retry: bool | None = None
    group: str | None = None
    depends_on: tuple[str, ...] = ()
    conditions: tuple[_Condition, ...] = ()

    def draft(self, zone: str) -> JobDraft:
        """Return it as a draft; ``ValueError`` for a rule or a condition that is none."""
        return JobDraft(
            name=self.name,
            task=self.task,
            tenant=self.tenant,
            description=self.description,
            timing=self._timing(zone),
            events=self.events,
            service=self.service,
            endpoint=self.endpoint,
            method=self.method,
            payload=self.payload,
            is_active=self.active,
            category=self.category,
            priority=self.priority,
            attempts_max=self.attempts,
            timeout_seconds=self.timeout_seconds,
            immediate_retry=self.immediate_retry,
            group=self.group,
            depends_on=self.depends_on,
            conditions=[Condition(each.kind, each.values) for each in self.conditions],
        )

    def _timing(self, zone: str) -> Timing | None:
        if self.kind is None:
            if self.cron is None and self.every_seconds is None and self.at is None:
                return None
            raise ValueError("it has a time, but no kind")
        every = None if self.every_seconds is None else timedelta(seconds=self.every_seconds)
        at = self.at
        if at is not None:
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        of_cron = self.kind is ScheduleKind.CRON
        try:
            return Timing(
                self.kind,
                cron=self.cron,
                zone=self.zone or (zone if of_cron else None),
                every=every,
                at=at,
            )
        except ValueError:
            raise ValueError(f"its times don't go with the kind {self.kind}") from None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    job: list[_Job] = Field(max_length=_JOBS_MAX)


def read_jobs(path: Path, zone: str) -> list[JobDraft]:
    """Return the jobs of a file; ``zone`` is that of cron expressions that name none.

    Raises ``InvalidRequest`` with the first fault.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
        if len(content) > _FILE_BYTES_MAX:
            raise _unfit(path, f"it is over {_FILE_BYTES_MAX // 1024 // 1024} MiB")
        found = _File.model_validate(tomllib.loads(content.decode())).job
    except OSError:
        raise _unfit(path, "it can't be read") from None
    except (UnicodeDecodeError, RecursionError):
        raise _unfit(path, "it is no TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _unfit(path, f"it is no TOML: {printable(str(error))}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _unfit(path, f"{place}: {first['msg']}") from None
    drafts = []
    for job in found:
        try:
            drafts.append(job.draft(zone))
        except ValueError as error:
            raise _unfit(path, f"job {printable(job.name)[:63]}: {error}") from None
    return drafts


def _unfit(path: Path, what: str) -> InvalidRequest:
    return InvalidRequest(
        "invalid_jobs_file",
        f"{printable(str(path))}: {what}.",
        "What can stand in the file is in docs/jobs.md.",
    )
