"""What OpenTelemetry's own exporters in memory are left with, once events have become spans."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aegis_batch.adapters.outbound.otel.figures import CloseFigures
from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink
from aegis_batch.adapters.outbound.otel.spans import CloseSpans
from aegis_batch.adapters.outbound.system.identifiers import new_span_id

_GOOD_ENDS = {
    "close": "job.completed",
    "report.find": "report.sought",
    "orders.read": "orders.read",
    "report.submit": "report.submitted",
}

Point = tuple[Mapping[str, object], Any]


class Exported:
    """A sink, the spans and metrics that come of it, and the defects that it met."""

    def __init__(self) -> None:
        resource = Resource({})
        self.faults: list[str] = []
        self.close_spans = CloseSpans(resource, new_span_id)
        self._exporter = InMemorySpanExporter()
        self.close_spans.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        figures = CloseFigures(resource, (self._reader,))
        self.sink = OtelMetricsSink(self.close_spans, figures, self.faults.append)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """The spans that have ended, in the order of their ends."""
        return self._exporter.get_finished_spans()

    def points(self) -> dict[str, list[Point]]:
        """Return each metric's points: their attributes, and the value or the histogram."""
        data = self._reader.get_metrics_data()
        found: dict[str, list[Point]] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    assert not metric.unit
                    found[metric.name] = [
                        (dict(point.attributes or {}), getattr(point, "value", point))
                        for point in metric.data.data_points
                    ]
        return found

    def told(self) -> list[tuple[str, str]]:
        """Read events back from the spans: the name of each, and the id of its run."""
        self.close_spans.end_all()
        closes = [span for span in self.spans if span.name == "close"]
        return [(name, _run_id(close)) for close in closes for name in self._names(close)]

    def _names(self, close: ReadableSpan) -> Iterator[str]:
        yield "job.started"
        rules = [event.name for event in close.events]
        for step in self.spans:
            if step.parent is None or step.parent.span_id != close.context.span_id:
                continue
            yield "step.started"
            yield from (event.name for event in step.events)
            good_end = _end_of(step)
            yield good_end
            if good_end == "orders.read":
                yield from rules
        if close.status.is_ok:
            yield "job.completed"
        elif close.status.description != "stopped":
            yield "job.failed"


def _end_of(step: ReadableSpan) -> str:
    if not step.status.is_ok:
        return "step.failed"
    if "aegis.seals" in (step.attributes or {}):
        return "seals.merged"
    keeps_revisions = any(name.endswith("revision") for name in step.attributes or ())
    return "report.recorded" if keeps_revisions else _GOOD_ENDS[step.name]


def _run_id(close: ReadableSpan) -> str:
    assert close.attributes is not None
    return str(close.attributes["aegis.run_id"]).encode().decode("unicode_escape")
