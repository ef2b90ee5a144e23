"""Jobs that tests define."""

from datetime import timedelta
from typing import Any

from aegis_batch.application.actor import Actor
from aegis_batch.application.job_drafts import JobDraft
from aegis_batch.domain.job import JobDefinition, TaskKind
from aegis_batch.domain.schedule import ScheduleKind, Timing
from tests.unit.application.office import Office

__all__ = ["ANA", "EVERY_HOUR", "a_draft", "define"]

ANA = Actor("ana", "10.0.0.7")
EVERY_HOUR = Timing(ScheduleKind.FIXED_RATE, every=timedelta(hours=1))


def a_draft(name: str, **changes: Any) -> JobDraft:  # noqa: ANN401 - of many types
    """Return a job that calls a service every hour, unless changed."""
    fields: dict[str, Any] = {
        "task": TaskKind.HTTP,
        "timing": EVERY_HOUR,
        "service": "rankings",
        "endpoint": "/run",
    }
    fields |= changes
    if fields["task"] is not TaskKind.HTTP:
        fields |= {"service": None, "endpoint": None}
    return JobDraft(name=name, **fields)


def define(office: Office, name: str, **changes: Any) -> JobDefinition:  # noqa: ANN401 - the same
    """Define a job in an office, and return it."""
    return office.jobs.create(a_draft(name, **changes), ANA)[0]
