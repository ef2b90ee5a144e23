"""One event of each kind that goes on around closes."""

from datetime import UTC, date, datetime

from aegis_batch.domain.breaker import BreakerState, Provider
from aegis_batch.domain.breaker_events import (
    BreakerClosed,
    BreakerHalfOpened,
    BreakerOpened,
    BreakerSeen,
)
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.events import Event
from aegis_batch.domain.executor_events import ExecutorTakenOver
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
from aegis_batch.domain.run import CloseKey, JobKind, Run, Trigger
from aegis_batch.domain.schedule import Decision
from aegis_batch.domain.verification import Verdict

_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
_DAY = date(2026, 11, 21)
_RUN = Run("run 1", "4bf92f3577b34da6a3ce929d0e0e4736", CloseKey("a", Period(PeriodKind.DAY, _DAY)))


def taken(queued_ms: float, lateness_ms: float | None) -> JobTaken:
    return JobTaken(
        run=_RUN,
        at=_AT,
        job=JobKind.NIGHT,
        attempt=1,
        queued_ms=queued_ms,
        lateness_ms=lateness_ms,
    )


def decided(decision: Decision) -> OccurrenceDecided:
    return OccurrenceDecided(
        at=_AT,
        schedule="daily-close",
        nominal=_AT,
        decision=decision,
        reason="it was due",
        run_id=None,
    )


def of_jobs() -> list[Event]:
    """Return one event of each kind."""
    close, night = JobKind.CLOSE, JobKind.NIGHT
    return [
        decided(Decision.RAN),
        JobDispatched(
            run=_RUN,
            at=_AT,
            job=night,
            trigger=Trigger.SCHEDULE,
            requested_by="scheduler",
            due_at=_AT,
        ),
        taken(250, 1_250),
        JobBegunAgain(run=_RUN, at=_AT, job=night, attempt=1, left_by="shop-1"),
        JobHandedBack(run=_RUN, at=_AT, job=night, attempt=1),
        JobCancelled(run=_RUN, at=_AT, job=night, why="the firing at noon took its place"),
        JobStarted(run=_RUN, at=_AT, job=night),
        JobCompleted(run=_RUN, at=_AT, job=night, told="nothing", duration_ms=3),
        JobFailed(run=_RUN, at=_AT, job=night, code="defect", duration_ms=3),
        JobRetried(run=_RUN, at=_AT, job=close, attempt=1, code="malformed_answer", due_at=_AT),
        JobSentToDlq(run=_RUN, at=_AT, job=close, attempts=4, code="orders_rejected"),
        DayOverdue(run=_RUN, at=_AT, day=_DAY, why="no run has closed it"),
        PeriodVerified(run=_RUN, at=_AT, verdict=Verdict.CHANGED, found="orders: 3 now"),
        ScheduleSetBack(at=_AT, schedule="daily-close", was_at=_AT, next_at=None, withdrawn=3),
        ExecutorTakenOver(at=_AT, executor="shop-1/1", taken_over_by="shop-2/1", works=7),
        BreakerOpened(at=_AT, provider=Provider.BACKEND, failures=20),
        BreakerHalfOpened(at=_AT, provider=Provider.BACKEND),
        BreakerClosed(at=_AT, provider=Provider.BACKEND),
        BreakerSeen(at=_AT, provider=Provider.ORDERS, state=BreakerState.OPEN),
        BackfillEnded(at=_AT, backfill_id="b-1", done=9, failed=1, skipped=0),
        NoticeDelivered(at=_AT, key="overdue:a:2026-11-21", attempts=1),
        NoticeFailed(
            at=_AT, key="overdue:a:2026-11-20", attempts=1, code="receiver_refused", due_at=_AT
        ),
        NoticeGivenUp(at=_AT, key="overdue:a:2026-11-20", attempts=20, code="receiver_refused"),
    ]
