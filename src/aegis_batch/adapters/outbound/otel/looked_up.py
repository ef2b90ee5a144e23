"""Metrics that are looked up when it is time to export, where no event tells them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from time import time_ns

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from aegis_batch.adapters.outbound.otel.delivery import ended_within
from aegis_batch.adapters.outbound.otel.reasons import TIMED_OUT
from aegis_batch.application import scheduler_metrics as told
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.printable import printable

__all__ = ["AddingExporter", "LookUp", "LookUps"]

LookUp = Callable[[], Sequence[told.Metric]]

_SCOPE = InstrumentationScope("aegis_batch.control")
_CHARACTERS_MAX = 256
_SECONDS_MAX = 5.0
_SECONDS_MAX_AT_THE_END = 0.4
# Counted over all processes and for good: nobody knows since when, which this stands for.
_SINCE_NS = 0


class LookUps:
    """What looks metrics up, from as many places as there are, in a bounded time.

    What fails, or takes too long, is left out of an export, and told.
    """

    def __init__(
        self,
        on_unread: Callable[[str], None],
        on_fault: Callable[[str], None],
        monotonic_seconds: Callable[[], float],
    ) -> None:
        """Take whom to tell why something was not read, or of a defect: by its kind alone."""
        self._on_unread = on_unread
        self._on_fault = on_fault
        self._monotonic_seconds = monotonic_seconds
        self._places: list[LookUp] = []
        self._seconds_max = _SECONDS_MAX

    def add(self, look_up: LookUp) -> None:
        """Look there too, from the next export on."""
        self._places.append(look_up)

    def hurry(self) -> None:
        """Take little time from now on: what is looked up at the end holds all the rest up."""
        self._seconds_max = _SECONDS_MAX_AT_THE_END

    def all(self) -> list[told.Metric]:
        """Return what is found now."""
        places = tuple(self._places)
        found: list[Sequence[told.Metric]] = [()] * len(places)

        def look(place: int) -> None:
            try:
                found[place] = places[place]()
            except AegisError as error:
                self._on_unread(error.code)
            except Exception as error:  # noqa: BLE001 - telling must not change what is told
                self._on_fault(type(error).__name__)

        looks = [partial(look, place) for place in range(len(places))]
        for in_time in ended_within(self._seconds_max, self._monotonic_seconds, *looks):
            if not in_time:
                self._on_unread(TIMED_OUT)
        return [metric for metrics in found for metric in metrics]


class AddingExporter(MetricExporter):
    """Exports through another exporter, and adds what is looked up.

    Such counters are always cumulative: they are no process's own, and another one that begins to
    tell them has nothing to add.
    """

    def __init__(self, exporter: MetricExporter, look_up: LookUp) -> None:
        """Take the exporter, and what looks up; it raises nothing."""
        # As the SDK's own reader takes them; there is no other way.
        super().__init__(
            exporter._preferred_temporality,  # noqa: SLF001
            exporter._preferred_aggregation,  # noqa: SLF001
        )
        self._exporter = exporter
        self._look_up = look_up

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: object
    ) -> MetricExportResult:
        """Export with what is found now."""
        found = [_metric(each, time_ns()) for each in self._look_up() if each.points]
        first, *others = metrics_data.resource_metrics
        if found:
            scope = ScopeMetrics(scope=_SCOPE, metrics=found, schema_url="")
            first = replace(first, scope_metrics=[*first.scope_metrics, scope])
        return self._exporter.export(
            MetricsData(resource_metrics=[first, *others]), timeout_millis, **kwargs
        )

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Nothing is kept back here."""
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        """Break off what is going on."""
        self._exporter.shutdown(timeout_millis, **kwargs)


def _metric(metric: told.Metric, now_ns: int) -> Metric:
    data: Sum | Gauge | Histogram
    if metric.kind is told.MetricKind.HISTOGRAM:
        data = Histogram(list(_spreads(metric, now_ns)), AggregationTemporality.CUMULATIVE)
    elif metric.kind is told.MetricKind.COUNTER:
        data = Sum(
            list(_numbers(metric, now_ns)), AggregationTemporality.CUMULATIVE, is_monotonic=True
        )
    else:
        data = Gauge(list(_numbers(metric, now_ns)))
    return Metric(name=metric.name, description=metric.about, unit="", data=data)


def _numbers(metric: told.Metric, now_ns: int) -> Iterator[NumberDataPoint]:
    for point in metric.points:
        if not isinstance(point.value, told.Spread):
            yield NumberDataPoint(_attributes(point), _SINCE_NS, now_ns, point.value)


def _spreads(metric: told.Metric, now_ns: int) -> Iterator[HistogramDataPoint]:
    for point in metric.points:
        if isinstance(point.value, told.Spread):
            yield HistogramDataPoint(
                attributes=_attributes(point),
                start_time_unix_nano=_SINCE_NS,
                time_unix_nano=now_ns,
                count=sum(point.value.counts),
                sum=point.value.total,
                bucket_counts=point.value.counts,
                explicit_bounds=point.value.bounds,
                # Not known, which the protocol lets us say.
                min=None,  # type: ignore[arg-type]
                max=None,  # type: ignore[arg-type]
            )


def _attributes(point: told.Point) -> dict[str, str]:
    # One character that can't be encoded would cost all metrics of an export.
    return {name: printable(text)[:_CHARACTERS_MAX] for name, text in point.labels.items()}
