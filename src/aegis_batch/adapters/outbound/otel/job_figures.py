"""Metrics of what goes on around closes: schedules, the work queue, and what people are told."""

from opentelemetry.metrics import Meter

from aegis_batch.adapters.outbound.otel.durations import bounded_ms
from aegis_batch.domain.breaker import BreakerState
from aegis_batch.domain.breaker_events import BreakerSeen
from aegis_batch.domain.events import Event
from aegis_batch.domain.executor_events import ExecutorTakenOver
from aegis_batch.domain.job_events import (
    DayOverdue,
    JobCancelled,
    JobRetried,
    JobSentToDlq,
    JobTaken,
    NoticeDelivered,
    NoticeFailed,
    NoticeGivenUp,
    OccurrenceDecided,
    PeriodVerified,
)

__all__ = ["JobFigures"]

# Milliseconds: from work that is taken at once to a night that a week's outage has put off.
_WAITS_MS = (
    *(100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000),
    *(3_600_000, 14_400_000, 86_400_000, 604_800_000),
)

_RESULTS_OF_NOTICES: dict[type[Event], str] = {
    NoticeDelivered: "delivered",
    NoticeFailed: "failed",
    NoticeGivenUp: "given_up",
}

_NUMBERS_OF_STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


class JobFigures:
    """Counts what events tell; see ``CloseFigures`` for what holds of all metrics."""

    def __init__(self, meter: Meter) -> None:
        """Take what makes instruments."""
        self._queue_time_ms = meter.create_histogram(
            "batch_queue_time_ms",
            description="How long attempts waited in the work queue after they were due, in ms",
            explicit_bucket_boundaries_advisory=_WAITS_MS,
        )
        self._lateness_ms = meter.create_histogram(
            "batch_lateness_ms",
            description="How long after its nominal time a run began, in milliseconds",
            explicit_bucket_boundaries_advisory=_WAITS_MS,
        )
        self._occurrences = meter.create_counter(
            "batch_occurrences", description="Nominal times of schedules that were decided"
        )
        self._retries = meter.create_counter(
            "batch_retries", description="Attempts that were put into the work queue again"
        )
        self._dead_letters = meter.create_counter(
            "batch_dead_letters", description="Runs that failed for good"
        )
        self._cancelled = meter.create_counter(
            "batch_cancelled", description="Runs that something else took the place of"
        )
        self._overdue_days = meter.create_counter(
            "batch_overdue_days", description="Business days that a deadline found open"
        )
        self._verifications = meter.create_counter(
            "batch_verifications", description="Closed periods that were looked at again"
        )
        self._notices = meter.create_counter(
            "batch_notices", description="Attempts to deliver notices"
        )
        self._taken_over = meter.create_counter(
            "batch_taken_over", description="Pieces of work that were taken over from the dead"
        )

        self._breakers = meter.create_gauge(
            "batch_breaker_state",
            description="Where the breaker of a provider stands: 0 closed, 1 half open, 2 open",
        )

    def take(self, event: Event) -> None:
        """Count what an event tells."""
        if isinstance(event, JobTaken):
            about = {"job": event.job.value}
            self._queue_time_ms.record(bounded_ms(event.queued_ms), about)
            if event.lateness_ms is not None:
                self._lateness_ms.record(bounded_ms(event.lateness_ms), about)
        elif isinstance(event, OccurrenceDecided):
            decided = {"schedule": event.schedule, "decision": event.decision.value}
            self._occurrences.add(1, decided)
        elif isinstance(event, JobRetried):
            self._retries.add(1, {"job": event.job.value, "code": event.code})
        elif isinstance(event, JobSentToDlq):
            self._dead_letters.add(1, {"job": event.job.value, "code": event.code})
        elif isinstance(event, JobCancelled):
            self._cancelled.add(1, {"job": event.job.value})
        else:
            self._take_other(event)

    def _take_other(self, event: Event) -> None:
        if isinstance(event, DayOverdue):
            self._overdue_days.add(1)
        elif isinstance(event, PeriodVerified):
            self._verifications.add(1, {"verdict": event.verdict.value})
        elif isinstance(event, ExecutorTakenOver):
            self._taken_over.add(event.works)
        elif isinstance(event, BreakerSeen):
            provider = {"provider": event.provider.value}
            self._breakers.set(_NUMBERS_OF_STATES[event.state], provider)
        elif (result := _RESULTS_OF_NOTICES.get(type(event))) is not None:
            self._notices.add(1, {"result": result})
