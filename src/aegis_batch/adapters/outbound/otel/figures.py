"""Metrics made of events. ``docs/telemetry.md`` has the table of them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from aegis_batch.adapters.outbound.otel.durations import bounded_ms
from aegis_batch.adapters.outbound.otel.job_figures import JobFigures
from aegis_batch.domain.events import (
    CloseCompleted,
    CloseFailed,
    CloseStarted,
    Event,
    OrdersRead,
    ReportSought,
    ReportSubmitted,
    RequestAnswered,
    RequestFailed,
    RuleBroken,
    RunEvent,
    SealsMerged,
    Step,
    StepFailed,
)
from aegis_batch.domain.printable import printable

__all__ = ["CloseFigures"]

_SCOPE = "aegis_batch"
_CHARACTERS_MAX = 64
# Milliseconds: from a day that was closed already to one of a hundred million orders.
_DURATIONS_MS = (
    *(10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000),
    *(30_000, 60_000, 300_000, 900_000, 3_600_000),
)


class CloseFigures:
    """Counts what events tell, for any number of runs at once; a dry run counts in nothing.

    No instrument has a unit, since collectors would make it a part of the name. Attributes have
    few values each: no tenant, no date, no id.
    """

    def __init__(self, resource: Resource, readers: tuple[MetricReader, ...] = ()) -> None:
        """Take what the metrics say of this process, and who reads them."""
        self.provider = MeterProvider(readers, resource, shutdown_on_exit=False)
        meter = self.provider.get_meter(_SCOPE)
        self._success = meter.create_counter(
            "batch_execution_success", description="Closes that the Backend confirmed"
        )
        self._failure = meter.create_counter(
            "batch_execution_failure", description="Closes that came to a bad end"
        )
        self._duration_ms = meter.create_histogram(
            "batch_execution_duration_ms",
            description="How long closes took, in milliseconds",
            explicit_bucket_boundaries_advisory=_DURATIONS_MS,
        )
        self._last_success = meter.create_gauge(
            "batch_last_success_time_seconds",
            description="When the last confirmed close ended, in seconds since 1970",
        )
        self._step_ms = meter.create_histogram(
            "batch_step_duration_ms",
            description="How long the steps of closes took, in milliseconds",
            explicit_bucket_boundaries_advisory=_DURATIONS_MS,
        )
        self._orders = meter.create_counter("batch_orders_read", description="Orders read")
        self._lines = meter.create_counter("batch_lines_read", description="Lines of orders read")
        self._violations = meter.create_counter(
            "batch_violations", description="Breaches of consistency rules"
        )
        self._requests = meter.create_counter(
            "batch_requests", description="Requests to the Backend"
        )
        self._jobs = JobFigures(meter)
        self._rehearsals: set[str] = set()
        self._lock = Lock()

    def tell_alive(self, role: str, now: Callable[[], datetime]) -> None:
        """Tell whenever somebody reads that this process lives, and what it is there for."""

        def observe(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(round(now().timestamp()), {"role": role})]

        self.provider.get_meter(_SCOPE).create_observable_gauge(
            "batch_alive_time_seconds",
            [observe],
            description="When a process that stays told this, in seconds since 1970",
        )

    def take(self, event: Event) -> None:
        """Count what an event tells."""
        self._jobs.take(event)
        if not isinstance(event, RunEvent) or self._is_of_rehearsal(event):
            return
        if isinstance(event, CloseCompleted | CloseFailed):
            self._count_close(event)
        elif isinstance(event, OrdersRead | SealsMerged):
            self._count_read(event)
        elif isinstance(event, ReportSought):
            self._count_step(Step.FIND, event.duration_ms)
        elif isinstance(event, ReportSubmitted):
            self._count_step(Step.SUBMIT, event.duration_ms)
        elif isinstance(event, StepFailed):
            self._count_step(event.step, event.duration_ms, "failed")
        elif isinstance(event, RuleBroken):
            about = {"rule": event.rule.value, "action": event.action.value}
            self._violations.add(event.count, about)
        elif isinstance(event, RequestAnswered):
            self._count_request(event, "answered")
        elif isinstance(event, RequestFailed):
            self._count_request(event, event.reason)

    def _is_of_rehearsal(self, event: RunEvent) -> bool:
        with self._lock:
            if isinstance(event, CloseStarted) and event.dry_run:
                self._rehearsals.add(event.run.id)
            found = event.run.id in self._rehearsals
            if isinstance(event, CloseCompleted | CloseFailed):
                self._rehearsals.discard(event.run.id)
                return event.dry_run
        return found

    def _count_close(self, event: CloseCompleted | CloseFailed) -> None:
        about = {"outcome": event.outcome.value}
        succeeded = event.outcome.is_success
        # The other one is told too, as zero: an alarm needs a figure to look at.
        self._success.add(int(succeeded), about if succeeded else None)
        self._failure.add(int(not succeeded), None if succeeded else about)
        self._duration_ms.record(bounded_ms(event.duration_ms), about)
        if succeeded:
            self._last_success.set(round(event.at.timestamp()))

    def _count_read(self, event: OrdersRead | SealsMerged) -> None:
        if isinstance(event, OrdersRead):
            # Those of seals were counted when their days were closed.
            self._orders.add(event.orders)
            self._lines.add(event.lines)
        self._count_step(Step.READ, event.duration_ms)

    def _count_step(self, step: Step, duration_ms: float, result: str = "ok") -> None:
        self._step_ms.record(bounded_ms(duration_ms), {"step": step.value, "result": result})

    def _count_request(self, event: RequestAnswered | RequestFailed, result: str) -> None:
        about: dict[str, str | int] = {
            "operation": _short(event.operation),
            "result": _short(result),
        }
        if event.status is not None:
            about["status"] = event.status
        self._requests.add(1, about)


def _short(text: str) -> str:
    # One character that can't be encoded would cost all metrics of an export.
    return printable(text)[:_CHARACTERS_MAX]
