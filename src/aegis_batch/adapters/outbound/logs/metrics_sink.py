"""Events as log lines, one line an event."""

from dataclasses import fields
from enum import Enum

from loguru import logger

from aegis_batch.domain.events import (
    CloseFailed,
    Event,
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    StepFailed,
    StepStarted,
)

__all__ = ["LogMetricsSink"]


class LogMetricsSink:
    """Writes each event as a log line with its name, its run and its own fields."""

    def emit(self, event: Event) -> None:
        """Write one event."""
        key = event.run.key
        content: dict[str, object] = {
            "event": event.name,
            "runId": event.run.id,
            "traceId": event.run.trace_id,
            "tenant": key.tenant,
            "period": key.period.kind.value,
            "reportDate": key.period.first_day.isoformat(),
        }
        for field in fields(event):
            if field.name not in ("run", "at"):
                content[_camel_case(field.name)] = _plain(getattr(event, field.name))
        logger.bind(**content).log(_level_of(event), "{}", _sentence(event))


def _level_of(event: Event) -> str:
    if isinstance(event, CloseFailed):
        return "ERROR"
    if isinstance(event, RequestFailed | RuleBroken | StepFailed):
        return "WARNING"
    # What goes as it should is told once, by the event that ends it.
    return "DEBUG" if isinstance(event, RequestAnswered | StepStarted) else "INFO"


def _sentence(event: Event) -> str:
    day = event.run.key.period.first_day.isoformat()
    return f"{event.name} {day}"


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, 1)
    return value
