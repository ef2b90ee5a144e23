"""Events as log lines, one line an event."""

from dataclasses import fields
from datetime import date, datetime
from enum import Enum

from loguru import logger

from aegis_batch.domain.events import (
    BackfillEnded,
    CloseFailed,
    DayOverdue,
    Event,
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
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    RunEvent,
    ScheduleSetBack,
    SealsUnreadable,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.run import Run
from aegis_batch.domain.schedule import Decision
from aegis_batch.domain.verification import Verdict

__all__ = ["LogMetricsSink"]

_LEVELS_OF_DECISIONS = {
    Decision.MISSED: "ERROR",
    # After an outage there may be thousands of them; the firing that stands in is told.
    Decision.SUPERSEDED: "DEBUG",
}
_OF_NOTE = (
    JobBegunAgain,
    JobRetried,
    NoticeFailed,
    RequestFailed,
    RuleBroken,
    ScheduleSetBack,
    StepFailed,
)

_WARNINGS = (JobRetried, NoticeFailed, RequestFailed, RuleBroken, SealsUnreadable, StepFailed)


class LogMetricsSink:
    """Writes each event as a log line with its name, its run and its own fields."""

    def emit(self, event: Event) -> None:
        """Write one event."""
        content: dict[str, object] = {"event": event.name}
        if isinstance(event, RunEvent):
            content |= _identity(event.run)
        for field in fields(event):
            if field.name not in ("run", "at"):
                content[_camel_case(field.name)] = _plain(getattr(event, field.name))
        logger.bind(**content).log(_level_of(event), "{}", _sentence(event))


def _identity(run: Run) -> dict[str, object]:
    return {
        "runId": run.id,
        "traceId": run.trace_id,
        "tenant": run.key.tenant,
        "period": run.key.period.kind.value,
        "reportDate": run.key.period.first_day.isoformat(),
    }


def _level_of(event: Event) -> str:
    if isinstance(event, CloseFailed | DayOverdue | JobFailed | JobSentToDlq | NoticeGivenUp):
        return "ERROR"
    if isinstance(event, PeriodVerified):
        return _level_of_verdict(event.verdict)
    if isinstance(event, OccurrenceDecided):
        return _LEVELS_OF_DECISIONS.get(event.decision, "INFO")
    if isinstance(event, BackfillEnded):
        return "INFO" if event.failed == event.skipped == 0 else "WARNING"
    if isinstance(event, _OF_NOTE):
        return "WARNING"
    # What goes as it should is told once, by the event that ends it.
    return (
        "DEBUG"
        if isinstance(event, JobTaken | NoticeDelivered | RequestAnswered | StepStarted)
        else "INFO"
    )


def _level_of_verdict(verdict: Verdict) -> str:
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
    if isinstance(event, DayOverdue):
        return f"{event.name} {event.day.isoformat()}"
    if isinstance(event, RunEvent):
        period = event.run.key.period
        job = getattr(event, "job", None)
        # Days have nights and closes; in a close of its own there is nothing to mix up.
        return f"{event.name} {period}" if job is None else f"{event.name} {job} of {period}"
    return event.name


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
