"""Defined jobs, and tasks of runs, as JSON text."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from aegis_batch.domain.condition import Condition, ConditionKind
from aegis_batch.domain.job import Category, JobDefinition, TaskKind
from aegis_batch.domain.schedule import ScheduleKind, Timing
from aegis_batch.domain.task import Priority, Task

__all__ = ["content_text", "definition_of", "task_of", "task_text"]

_MICROSECOND = timedelta(microseconds=1)
_PLAIN = (
    *("created_by", "description", "service", "endpoint", "method", "attempts_max"),
    *("timeout_seconds", "immediate_retry", "version", "zone_name"),
)


def task_text(task: Task) -> str:
    """Return a task as JSON."""
    return json.dumps(asdict(task), ensure_ascii=False, separators=(",", ":"))


def task_of(text: str) -> Task:
    """Return the task that a text was written from."""
    found: dict[str, Any] = json.loads(text)
    found["priority"] = Priority(found["priority"])
    return Task(**found)


def content_text(definition: JobDefinition) -> str:
    """Return as JSON what of a job has no column of its own."""
    content: dict[str, object] = {name: getattr(definition, name) for name in _PLAIN}
    content |= {
        "task": definition.task.value,
        "category": definition.category.value,
        "priority": definition.priority.value,
        "updated_at": definition.updated_at.isoformat(),
        "events": definition.events,
        "depends_on": definition.depends_on,
        "conditions": [[each.kind.value, *each.values] for each in definition.conditions],
        "timing": None if definition.timing is None else _timing_content(definition.timing),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def definition_of(text: str, **columns: Any) -> JobDefinition:  # noqa: ANN401 - of many types
    """Return the job that a text was written from, with what has columns of its own."""
    found: dict[str, Any] = json.loads(text)
    timing = found["timing"]
    return JobDefinition(
        **{name: found[name] for name in _PLAIN},
        **columns,
        task=TaskKind(found["task"]),
        category=Category(found["category"]),
        priority=Priority(found["priority"]),
        updated_at=datetime.fromisoformat(found["updated_at"]),
        events=tuple(found["events"]),
        depends_on=tuple(found["depends_on"]),
        conditions=tuple(
            Condition(ConditionKind(kind), tuple(values)) for kind, *values in found["conditions"]
        ),
        timing=None if timing is None else _timing_of(timing),
    )


def _timing_content(timing: Timing) -> dict[str, object]:
    return {
        "kind": timing.kind.value,
        "cron": timing.cron,
        "zone": timing.zone,
        "every_us": None if timing.every is None else timing.every // _MICROSECOND,
        "at": None if timing.at is None else timing.at.isoformat(),
    }


def _timing_of(content: dict[str, Any]) -> Timing:
    every_us, at = content["every_us"], content["at"]
    return Timing(
        kind=ScheduleKind(content["kind"]),
        cron=content["cron"],
        zone=content["zone"],
        every=None if every_us is None else every_us * _MICROSECOND,
        at=None if at is None else datetime.fromisoformat(at),
    )
