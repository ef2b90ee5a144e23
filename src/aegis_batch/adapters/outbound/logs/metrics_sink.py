"""Events as log lines, one line an event."""

from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any

from loguru import logger

from aegis_batch.domain.breaker_events import BreakerChanged, BreakerOpened, BreakerSeen
from aegis_batch.domain.events import (
    CloseFailed,
    Event,
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    RunEvent,
    SealsUnreadable,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.executor_events import ExecutorTakenOver
from aegis_batch.domain.job_events import (
    BackfillEnded,
    DayOverdue,
    JobBegunAgain,
    JobFailed,
    JobRetried,
    JobSentToDlq,
    JobTaken,
    NoticeDelivered,
    NoticeFailed,
    NoticeGivenUp,
    OccurrenceDecided,
    PeriodVerified,
    ScheduleSetBack,
)
from aegis_batch.domain.run import Run
from aegis_batch.domain.schedule import Decision
from aegis_batch.domain.tenant_events import ZoneUnknown
from aegis_batch.domain.verification import Verdict

__all__ = ["LogMetricsSink"]

_LEVELS_OF_DECISIONS = {
    Decision.MISSED: "ERROR",
    # After an outage there may be thousands of them; the firing that stands in is told.
    Decision.SUPERSEDED: "DEBUG",
}
_OF_NOTE = (
    BreakerOpened,
    ExecutorTakenOver,
    JobBegunAgain,
    JobRetried,
    NoticeFailed,
    RequestFailed,
    RuleBroken,
    ScheduleSetBack,
    SealsUnreadable,
    StepFailed,
    ZoneUnknown,
)


class LogMetricsSink:
    """Writes each event as a log line with its name, its run and its own fields."""

    def __init__(self, level: str = "DEBUG") -> None:
        """Take the lowest level that the log takes: what is below is not even put together."""
        self._least = logger.level(level).no

    def emit(self, event: Event) -> None:
        """Write one event."""
        level = _level_of(event)
        if logger.level(level).no < self._least:
            return
        content: dict[str, object] = {"event": event.name}
        if isinstance(event, RunEvent):
            content |= _identity(event.run)
        for field in fields(event):
            if field.name not in ("run", "at"):
                content[_camel_case(field.name)] = _plain(getattr(event, field.name))
        logger.bind(**content).log(level, "{}", _sentence(event))


def _identity(run: Run) -> dict[str, object]:
    return {
        "runId": run.id,
        "traceId": run.trace_id,
        "correlationId": run.correlation_id,
        "tenant": run.key.tenant,
        "period": run.key.period.kind.value,
        "reportDate": run.key.period.first_day.isoformat(),
    }


def _level_of(event: Event) -> str:
    if isinstance(event, PeriodVerified):
        return _level_of_verified(event)
    if isinstance(event, OccurrenceDecided):
        return _LEVELS_OF_DECISIONS.get(event.decision, "INFO")
    if isinstance(event, BackfillEnded):
        return "INFO" if event.failed == event.skipped == 0 else "WARNING"
    kind: Any = type(event)
    return _level_of_kind(kind)


@cache
def _level_of_kind(kind: type[Any]) -> str:
    if issubclass(kind, CloseFailed | DayOverdue | JobFailed | JobSentToDlq | NoticeGivenUp):
        return "ERROR"
    if issubclass(kind, _OF_NOTE):
        return "WARNING"
    # What goes as it should is told once, by the event that ends it.
    return (
        "DEBUG"
        if issubclass(
            kind, BreakerSeen | JobTaken | NoticeDelivered | RequestAnswered | StepStarted
        )
        else "INFO"
    )


def _level_of_verified(event: PeriodVerified) -> str:
    verdict = event.verdict
    if verdict is Verdict.MISSING and not event.known_closed:
        # Somebody asked about a period that nobody may have closed yet: that is no error.
        return "INFO"
    if verdict.is_off:
        return "ERROR"
    return "WARNING" if verdict is Verdict.UNKNOWN else "DEBUG"


def _sentence(event: Event) -> str:
    if isinstance(event, OccurrenceDecided):
        return f"{event.name} {event.schedule} {event.nominal.isoformat()} {event.decision.value}"
    if isinstance(event, PeriodVerified):
        return f"{event.name} {event.run.key.period} {event.verdict.value}"
    if isinstance(event, ScheduleSetBack):
        return f"{event.name} {event.schedule} {_at(event.was_at)} -> {_at(event.next_at)}"
    if isinstance(event, BreakerChanged | BreakerSeen | DayOverdue | ZoneUnknown):
        return f"{event.name} {_about(event)}"
    if isinstance(event, RunEvent):
        period = event.run.key.period
        job = getattr(event, "job", None)
        # Days have nights and closes; in a close of its own there is nothing to mix up.
        return f"{event.name} {period}" if job is None else f"{event.name} {job} of {period}"
    return event.name


def _about(event: BreakerChanged | BreakerSeen | DayOverdue | ZoneUnknown) -> str:
    if isinstance(event, DayOverdue):
        return event.day.isoformat()
    return event.zone if isinstance(event, ZoneUnknown) else event.provider


def _at(instant: datetime | None) -> str:
    return "none" if instant is None else instant.isoformat()


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, date):
        return value.isoformat()
    return value
