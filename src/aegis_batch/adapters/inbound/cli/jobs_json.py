"""Defined jobs as JSON."""

import json

from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_value,
)
from aegis_batch.adapters.inbound.cli.schedules_json import pause_as_json
from aegis_batch.application.job_control import Applied
from aegis_batch.application.job_views import JobView

__all__ = ["applied_as_json", "job_as_json"]


def job_as_json(view: JobView) -> str:
    """Return a job, and when it fires next."""
    job, timing = view.definition, view.definition.timing
    return json_object(
        {
            "id": json_value(job.id),
            "name": json_value(job.name),
            "tenant": json_value(job.tenant),
            "task": json_value(job.task.value),
            "description": json_value(job.description),
            "kind": json_value(None if timing is None else timing.kind.value),
            "cron": json_value(timing and timing.cron),
            "zone": json_value(timing and timing.zone),
            "everySeconds": json_value(
                timing.every.total_seconds() if timing and timing.every else None
            ),
            "at": json_instant(None if timing is None else timing.at),
            "events": json_value(job.events),
            "service": json_value(job.service),
            "endpoint": json_value(job.endpoint),
            "method": json_value(job.method),
            "payload": json_value(None if job.payload is None else json.loads(job.payload)),
            "isActive": json_value(job.is_active),
            "category": json_value(job.category.value),
            "priority": json_value(job.priority.value),
            "attemptsMax": json_value(job.attempts_max),
            "timeoutSeconds": json_value(job.timeout_seconds),
            "immediateRetry": json_value(job.immediate_retry),
            "group": json_value(job.group),
            "dependsOn": json_value(job.depends_on),
            "conditions": json_list(
                json_object(
                    {"kind": json_value(each.kind.value), "values": json_value(each.values)}
                )
                for each in job.conditions
            ),
            "createdBy": json_value(job.created_by),
            "createdAt": json_instant(job.created_at),
            "updatedAt": json_instant(job.updated_at),
            "version": json_value(job.version),
            "nextAt": json_instant(view.next_at),
            "pause": pause_as_json(view.pause),
        }
    )


def applied_as_json(applied: Applied) -> str:
    """Return what became of a job of a file."""
    return json_object(
        {
            "name": json_value(applied.name),
            "tenant": json_value(applied.tenant),
            "deed": json_value(applied.deed),
            "fields": json_value(applied.fields),
        }
    )
