"""Events: names that others rely on, and nothing that can be changed afterwards."""

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime

import pytest

from aegis_batch.domain import events, job_events
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    CloseStarted,
    Event,
    OrdersRead,
    ReportRecorded,
    ReportSought,
    ReportSubmitted,
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    RunEvent,
    SealsMerged,
    SealsUnreadable,
    Step,
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.job_events import (
    BackfillEnded,
    DayOverdue,
    JobBegunAgain,
    JobCancelled,
    JobCompleted,
    JobDispatched,
    JobFailed,
    JobHandedBack,
    JobRetried,
    JobSentToDlq,
    JobStarted,
    JobTaken,
    NoticeDelivered,
    NoticeFailed,
    NoticeGivenUp,
    OccurrenceDecided,
    PeriodVerified,
    ScheduleSetBack,
)
from aegis_batch.domain.run import CloseKey, Run


def test_the_names_of_events_are_contracts() -> None:
    modules = (events, job_events)
    named = {getattr(module, name) for module in modules for name in module.__all__}
    kinds = named - {Event, RunEvent, Step}

    assert {kind: kind.name for kind in kinds} == {
        CloseStarted: "job.started",
        StepStarted: "step.started",
        StepFailed: "step.failed",
        ReportSought: "report.sought",
        OrdersRead: "orders.read",
        SealsMerged: "seals.merged",
        SealsUnreadable: "seals.unreadable",
        RuleBroken: "rule.broken",
        RequestAnswered: "request.answered",
        RequestFailed: "request.failed",
        ReportSubmitted: "report.submitted",
        ReportRecorded: "report.recorded",
        CloseCompleted: "job.completed",
        CloseFailed: "job.failed",
        JobDispatched: "job.dispatched",
        JobTaken: "job.taken",
        JobBegunAgain: "job.begun_again",
        JobHandedBack: "job.handed_back",
        JobCancelled: "job.cancelled",
        JobStarted: "job.started",
        JobCompleted: "job.completed",
        JobFailed: "job.failed",
        JobRetried: "job.retried",
        JobSentToDlq: "job.sent_to_dlq",
        DayOverdue: "day.overdue",
        PeriodVerified: "period.verified",
        OccurrenceDecided: "occurrence.decided",
        ScheduleSetBack: "schedule.set_back",
        BackfillEnded: "backfill.ended",
        NoticeDelivered: "notice.delivered",
        NoticeFailed: "notice.failed",
        NoticeGivenUp: "notice.given_up",
    }


def test_an_event_can_not_be_changed_once_it_has_happened() -> None:
    run = Run("run 1", "1" * 32, CloseKey("default", Period(PeriodKind.DAY, date(2026, 11, 21))))
    event = CloseStarted(run=run, at=datetime(2026, 11, 22, tzinfo=UTC), dry_run=False)

    with pytest.raises(FrozenInstanceError):
        event.dry_run = True  # type: ignore[misc]


def test_the_names_of_steps_are_contracts() -> None:
    assert list(Step) == ["report.find", "orders.read", "report.submit"]
