"""Everything that one process needs to export: opened at its start, closed at its end."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Protocol

from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from aegis_batch.adapters.outbound.otel.delivery import (
    Told,
    WatchedMetricExporter,
    WatchedSpanExporter,
    ended_within,
)
from aegis_batch.adapters.outbound.otel.exporters import metric_exporter, span_exporter
from aegis_batch.adapters.outbound.otel.figures import CloseFigures
from aegis_batch.adapters.outbound.otel.looked_up import AddingExporter, LookUps
from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink
from aegis_batch.adapters.outbound.otel.reasons import TIMED_OUT
from aegis_batch.adapters.outbound.otel.spans import CloseSpans
from aegis_batch.adapters.outbound.otel.variables import Export, Signal
from aegis_batch.adapters.outbound.otel.variables import Protocol as OtlpProtocol

__all__ = ["Process", "Warn", "open_telemetry"]

# A collector that is away may cost two seconds in all: these, and what the imports take.
_EXPORT_SECONDS_MAX = 0.9
_END_SECONDS_MAX = 1.0
_VARIABLE = re.compile(r"OTEL_[A-Z_]+")
# Of what the SDK itself reads, where most errors don't name a variable.
_PREFIXES = {
    Signal.TRACES: ("OTEL_BSP_", "OTEL_SPAN_", "OTEL_ATTRIBUTE_", "OTEL_EVENT_", "OTEL_LINK_"),
    Signal.METRICS: ("OTEL_METRIC_", "OTEL_METRICS_EXEMPLAR_"),
}


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
class _Open:
    """What is open to export with, and why some of what was exported never arrived."""

    spans: CloseSpans | None = None
    figures: CloseFigures | None = None
    lost: dict[Signal, str] = field(default_factory=dict)

    def told(self, signal: Signal, reason: str | None) -> None:
        """Note why something was lost; ``None`` where all of it was told again."""
        if reason is None:
            self.lost.pop(signal, None)
        else:
            self.lost[signal] = reason


@contextmanager
def open_telemetry(export: Export, process: Process) -> Iterator[OtelMetricsSink]:
    """Yield a sink whose spans and metrics are exported now and then, and at the end.

    What can't be set up costs its own signal alone. The end takes a bounded time, whatever the
    collector does, and raises nothing.
    """
    opened = _Open()
    on_fault = partial(process.warn, "telemetry_defect")
    look_ups = LookUps(
        partial(process.warn, "telemetry_not_read", Signal.METRICS.value),
        on_fault,
        process.monotonic_seconds,
    )
    resource = _resource(process)
    for signal, protocol in export.protocols.items():
        told = partial(opened.told, signal)
        try:
            if signal is Signal.TRACES:
                opened.spans = _spans(protocol, told, resource, process)
            else:
                opened.figures = _figures(protocol, told, resource, look_ups)
        except Exception as error:  # noqa: BLE001 - a wrong setting of theirs leaves no day open
            process.warn("telemetry_not_set_up", signal.value, _suspects(signal, error))
    try:
        yield OtelMetricsSink(opened.spans, opened.figures, on_fault, look_ups)
    finally:
        look_ups.hurry()
        _end(opened, process)


def _spans(protocol: OtlpProtocol, told: Told, resource: Resource, process: Process) -> CloseSpans:
    exporter = WatchedSpanExporter(span_exporter(protocol, _EXPORT_SECONDS_MAX), told)
    spans = CloseSpans(resource, process.new_span_id)
    spans.provider.add_span_processor(BatchSpanProcessor(exporter))
    return spans


def _figures(
    protocol: OtlpProtocol, told: Told, resource: Resource, look_ups: LookUps
) -> CloseFigures:
    exporter = WatchedMetricExporter(metric_exporter(protocol, _EXPORT_SECONDS_MAX), told)
    reader = PeriodicExportingMetricReader(AddingExporter(exporter, look_ups.all))
    return CloseFigures(resource, (reader,))


def _suspects(signal: Signal, error: Exception) -> str | None:
    """Return the variables that an error names, or else those that may be behind it, if any."""
    set_ones = sorted(name for name in os.environ if _VARIABLE.fullmatch(name))
    named = [name for name in set_ones if name in re.findall(r"\w+", str(error))]
    suspects = named or [name for name in set_ones if name.startswith(_PREFIXES[signal])]
    return ", ".join(suspects) or None


def _end(opened: _Open, process: Process) -> None:
    """Export what is left, both signals at once, and leave what takes too long."""
    jobs: dict[Signal, Callable[[], object]] = {}
    if opened.spans is not None:
        opened.spans.end_all()
        jobs[Signal.TRACES] = opened.spans.provider.shutdown
    if opened.figures is not None:
        jobs[Signal.METRICS] = opened.figures.provider.shutdown
    ended = ended_within(_END_SECONDS_MAX, process.monotonic_seconds, *jobs.values())
    for signal, in_time in zip(jobs, ended, strict=True):
        reason = opened.lost.get(signal) if in_time else TIMED_OUT
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
