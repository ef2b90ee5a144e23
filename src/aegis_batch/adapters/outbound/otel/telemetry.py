"""Everything that one process needs to export: opened at its start, closed at its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Protocol

from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from aegis_batch.adapters.outbound.otel.delivery import (
    WatchedMetricExporter,
    WatchedSpanExporter,
    ended_within,
)
from aegis_batch.adapters.outbound.otel.exporters import metric_exporter, span_exporter
from aegis_batch.adapters.outbound.otel.figures import CloseFigures
from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink
from aegis_batch.adapters.outbound.otel.reasons import TIMED_OUT
from aegis_batch.adapters.outbound.otel.spans import CloseSpans
from aegis_batch.adapters.outbound.otel.variables import Export, Signal

__all__ = ["Process", "Warn", "open_telemetry"]

# A collector that is away may cost two seconds in all: these, and what the imports take.
_EXPORT_SECONDS_MAX = 0.9
_END_SECONDS_MAX = 1.0


class Warn(Protocol):
    """Takes what is wrong."""

    def __call__(self, code: str, about: str, reason: str | None = None) -> None:
        """Take a code, what it is about, and why; none of them ever holds text from outside."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """What the telemetry of a process needs to know of it, and to get from it.

    ``new_span_id`` gives 16 hexadecimal digits.
    """

    instance_id: str
    version: str
    new_span_id: Callable[[], str]
    monotonic_seconds: Callable[[], float]
    warn: Warn


@dataclass(slots=True)
class _Ways:
    """How spans and metrics leave, and why some of them never arrived."""

    spans: WatchedSpanExporter | None = None
    metrics: WatchedMetricExporter | None = None
    stuck: dict[Signal, str] = field(default_factory=dict)

    def told(self, signal: Signal, reason: str | None) -> None:
        """Note how an export went; ``None`` where it worked."""
        if reason is not None:
            self.stuck[signal] = reason
        elif signal is Signal.METRICS and self.metrics is not None and self.metrics.makes_good:
            self.stuck.pop(signal, None)


@contextmanager
def open_telemetry(export: Export, process: Process) -> Iterator[OtelMetricsSink]:
    """Yield a sink whose spans and metrics are exported now and then, and at the end.

    The end takes a bounded time, whatever the collector does, and raises nothing.
    """
    ways = _ways(export, process)
    resource = _resource(process)
    readers: tuple[MetricReader, ...] = ()
    if ways.metrics is not None:
        readers = (PeriodicExportingMetricReader(ways.metrics),)
    figures = CloseFigures(resource, readers)
    spans = CloseSpans(resource, process.new_span_id)
    if ways.spans is not None:
        spans.provider.add_span_processor(BatchSpanProcessor(ways.spans))
    try:
        yield OtelMetricsSink(spans, figures, partial(process.warn, "telemetry_defect"))
    finally:
        spans.end_all()
        _end(ways, spans, figures, process)


def _ways(export: Export, process: Process) -> _Ways:
    ways = _Ways()
    for signal, protocol in export.protocols.items():
        told = partial(ways.told, signal)
        try:
            if signal is Signal.TRACES:
                exporter = span_exporter(protocol, _EXPORT_SECONDS_MAX)
                ways.spans = WatchedSpanExporter(exporter, told)
            else:
                metrics = metric_exporter(protocol, _EXPORT_SECONDS_MAX)
                ways.metrics = WatchedMetricExporter(metrics, told)
        except Exception:  # noqa: BLE001 - a wrong setting of theirs leaves no day open
            process.warn("telemetry_not_set_up", signal.value)
    return ways


def _end(ways: _Ways, spans: CloseSpans, figures: CloseFigures, process: Process) -> None:
    """Export what is left, both signals at once, and leave what takes too long."""
    jobs: dict[Signal, Callable[[], object]] = {}
    if ways.spans is not None:
        jobs[Signal.TRACES] = spans.provider.shutdown
    if ways.metrics is not None:
        jobs[Signal.METRICS] = figures.provider.shutdown
    ended = ended_within(_END_SECONDS_MAX, process.monotonic_seconds, *jobs.values())
    for signal, in_time in zip(jobs, ended, strict=True):
        reason = ways.stuck.get(signal) if in_time else TIMED_OUT
        if reason is not None:
            process.warn("telemetry_not_delivered", signal.value, reason)


def _resource(process: Process) -> Resource:
    """Return what all telemetry of a process says of it; the environment has the last word."""
    own = Resource(
        {
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": version("opentelemetry-sdk"),
            "service.name": "aegis-batch",
            "service.version": process.version,
            "service.instance.id": process.instance_id,
        }
    )
    # Not Resource.create, which waits for every detector, however long that takes.
    return own.merge(OTELResourceDetector().detect())
