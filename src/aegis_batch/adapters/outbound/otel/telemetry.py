"""Everything that one process needs to export: opened at its start, closed at its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version

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
from aegis_batch.adapters.outbound.otel.spans import CloseSpans
from aegis_batch.adapters.outbound.otel.variables import Export, Signal

__all__ = ["Process", "open_telemetry"]

# A collector that is away may cost two seconds in all: these, and what the imports take.
_EXPORT_SECONDS_MAX = 0.9
_END_SECONDS_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Process:
    """What the telemetry of a process needs to know of it, and to get from it.

    ``new_span_id`` gives 16 hexadecimal digits. ``warn`` takes what is wrong as a code, and what
    it is about; neither ever holds text from outside.
    """

    instance_id: str
    version: str
    new_span_id: Callable[[], str]
    monotonic_seconds: Callable[[], float]
    warn: Callable[[str, str], None]


@dataclass(slots=True)
class _Ways:
    """How spans and metrics leave, and which of them didn't get through the last time."""

    spans: WatchedSpanExporter | None = None
    metrics: WatchedMetricExporter | None = None
    stuck: set[Signal] = field(default_factory=set)

    def told(self, signal: Signal, worked: bool) -> None:  # noqa: FBT001 - called by position
        """Note how an export went."""
        if worked:
            self.stuck.discard(signal)
        else:
            self.stuck.add(signal)


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
        if not in_time or signal in ways.stuck:
            process.warn("telemetry_not_delivered", signal.value)


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
