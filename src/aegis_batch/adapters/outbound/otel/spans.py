"""Spans made of events: ``close`` and its steps, with every request as an event of its step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

from aegis_batch.adapters.outbound.otel.durations import bounded_ms
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
    StepFailed,
    StepStarted,
)
from aegis_batch.domain.printable import printable
from aegis_batch.domain.run import Run

__all__ = ["CloseSpans"]

_SCOPE = "aegis_batch"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHARACTERS_MAX = 256
_STOPPED = "stopped"


class _RunIds(IdGenerator):
    """Gives out the trace id that a run has already, and new span ids."""

    def __init__(self, new_span_id: Callable[[], str]) -> None:
        self._new_span_id = new_span_id
        self.trace_id = ""

    def generate_span_id(self) -> int:
        return int(self._new_span_id(), 16)

    def generate_trace_id(self) -> int:
        return int(self.trace_id, 16)


@dataclass(slots=True)
class _Open:
    """A span that has not ended; its start counts nanoseconds since 1970."""

    span: Span
    start_ns: int


@dataclass(slots=True)
class _Trace:
    """What is open of one close."""

    close: _Open
    step: _Open | None = None
    last_ns: int = 0


class CloseSpans:
    """Turns events into spans, for any number of runs at once.

    A span carries codes and numbers, never the text of an error: that may repeat a secret.
    """

    def __init__(self, resource: Resource, new_span_id: Callable[[], str]) -> None:
        """Take what the spans say of this process, and the source of span ids, 16 hex digits."""
        self._ids = _RunIds(new_span_id)
        self.provider = TracerProvider(
            resource=resource,
            shutdown_on_exit=False,
            id_generator=self._ids,
            span_limits=SpanLimits(max_attribute_length=_CHARACTERS_MAX),
        )
        self._tracer: Tracer = self.provider.get_tracer(_SCOPE)
        self._traces: dict[str, _Trace] = {}
        self._lock = Lock()

    def traceparent(self, run: Run) -> str | None:
        """Return the W3C header that makes a request a child of the run's open step."""
        with self._lock:
            trace = self._traces.get(run.id)
            if trace is None:
                return None
            context = (trace.step or trace.close).span.get_span_context()
        return (
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags) & 1:02x}"
        )

    def take(self, event: Event) -> None:
        """Begin, fill or end the spans that an event speaks of."""
        with self._lock:
            if not isinstance(event, RunEvent):
                return
            if isinstance(event, CloseStarted):
                self._begin(event)
                return
            trace = self._traces.get(event.run.id)
            if trace is None:
                return
            trace.last_ns = _nanoseconds(event.at)
            if isinstance(event, StepStarted):
                trace.step = self._begin_step(trace, event)
            elif isinstance(event, CloseCompleted | CloseFailed):
                del self._traces[event.run.id]
                _end_close(trace, event)
            else:
                _fill(trace, event)

    def end_all(self) -> None:
        """End what is still open: the program was stopped in the middle of it."""
        with self._lock:
            traces, self._traces = self._traces, {}
        for trace in traces.values():
            for part in (trace.step, trace.close):
                if part is not None:
                    part.span.set_status(Status(StatusCode.ERROR, _STOPPED))
                    part.span.end(max(trace.last_ns, part.start_ns))

    def _begin(self, event: CloseStarted) -> None:
        key = event.run.key
        start_ns = _nanoseconds(event.at)
        self._ids.trace_id = event.run.trace_id
        span = self._tracer.start_span(
            "close",
            context=Context(),
            start_time=start_ns,
            attributes={
                "aegis.run_id": printable(event.run.id),
                "aegis.correlation_id": printable(event.run.correlation_id),
                "aegis.tenant": printable(key.tenant),
                "aegis.period": key.period.kind.value,
                "aegis.report_date": key.period.first_day.isoformat(),
                "aegis.dry_run": event.dry_run,
            },
            record_exception=False,
            set_status_on_exception=False,
        )
        self._traces[event.run.id] = _Trace(_Open(span, start_ns), last_ns=start_ns)

    def _begin_step(self, trace: _Trace, event: StepStarted) -> _Open:
        start_ns = _nanoseconds(event.at)
        span = self._tracer.start_span(
            event.step.value,
            context=set_span_in_context(trace.close.span, Context()),
            kind=SpanKind.CLIENT,
            start_time=start_ns,
            record_exception=False,
            set_status_on_exception=False,
        )
        return _Open(span, start_ns)


def _fill(trace: _Trace, event: Event) -> None:
    """Add what a step met, or end it."""
    if isinstance(event, RuleBroken):
        told = {"rule": event.rule.value, "action": event.action.value, "count": event.count}
        _add_event(trace.close, event, told)
    if trace.step is None:
        return
    about: dict[str, object]
    if isinstance(event, RequestAnswered | RequestFailed | SealsUnreadable):
        _add_event(trace.step, event, _met(event))
    elif isinstance(event, ReportSought):
        _end_step(trace, event.duration_ms, {"found": event.found})
    elif isinstance(event, OrdersRead | SealsMerged):
        about = {"orders": event.orders, "lines": event.lines, "violations": event.violations}
        if isinstance(event, SealsMerged):
            about["seals"] = event.seals
        _end_step(trace, event.duration_ms, about)
    elif isinstance(event, ReportSubmitted):
        about = {"attempts": event.attempts, "status": event.status}
        if isinstance(event, ReportRecorded):
            about["revision"] = event.revision
        _end_step(trace, event.duration_ms, about)
    elif isinstance(event, StepFailed):
        _end_step(trace, event.duration_ms, {"code": event.code}, event.code)


def _met(event: RequestAnswered | RequestFailed | SealsUnreadable) -> dict[str, object]:
    """Return what a step met without ending by it."""
    if isinstance(event, SealsUnreadable):
        return {"code": event.code}
    if isinstance(event, RequestAnswered):
        return {"attempt": event.attempt, "status": event.status}
    return {
        "attempt": event.attempt,
        "reason": event.reason,
        "status": event.status,
        "wait_seconds": event.wait_seconds,
    }


def _end_step(
    trace: _Trace, duration_ms: float, about: Mapping[str, object], code: str | None = None
) -> None:
    if trace.step is not None:
        _end(trace.step, duration_ms, about, code)
    trace.step = None


def _end_close(trace: _Trace, event: CloseCompleted | CloseFailed) -> None:
    code = event.code if isinstance(event, CloseFailed) else None
    about = {"outcome": event.outcome.value, "orders": event.orders, "code": code}
    _end(trace.close, event.duration_ms, about, code)


def _end(part: _Open, duration_ms: float, about: Mapping[str, object], code: str | None) -> None:
    part.span.set_attributes(_attributes(about))
    if code is not None:
        part.span.set_status(Status(StatusCode.ERROR, printable(code)[:_CHARACTERS_MAX]))
    # Counted on the monotonic clock: the wall clock may have been set meanwhile.
    part.span.end(part.start_ns + round(bounded_ms(duration_ms) * 1e6))


def _add_event(part: _Open, event: Event, about: Mapping[str, object]) -> None:
    part.span.add_event(event.name, _attributes(about), _nanoseconds(event.at))


def _attributes(about: Mapping[str, object]) -> dict[str, AttributeValue]:
    return {
        f"aegis.{name}": printable(value) if isinstance(value, str) else value
        for name, value in about.items()
        if isinstance(value, str | bool | int | float)
    }


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
