"""Metrics that are looked up are exported with those that events tell."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry.sdk.metrics import Counter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource

from aegis_batch.adapters.outbound.otel.figures import CloseFigures
from aegis_batch.adapters.outbound.otel.looked_up import AddingExporter, LookUps
from aegis_batch.adapters.outbound.otel.metrics_sink import OtelMetricsSink
from aegis_batch.application.scheduler_metrics import Metric as Told
from aegis_batch.application.scheduler_metrics import MetricKind, Point, Spread
from aegis_batch.domain.errors import StateUnavailable

_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)
COUNTED = Told("x_total", MetricKind.COUNTER, "How many.", [Point({"job": "a"}, 7)])
STANDING = Told("x_gauge", MetricKind.GAUGE, "How much.", [Point({}, 2.5)])
SPREAD = Told(
    "x", MetricKind.HISTOGRAM, "How long.", [Point({"job": "a"}, Spread((1, 10), (1, 2, 3), 99.5))]
)


class Kept(MetricExporter):
    """An exporter that keeps what it gets, and prefers what changed since the last time."""

    def __init__(self) -> None:
        super().__init__(preferred_temporality={Counter: AggregationTemporality.DELTA})
        self.exports: list[MetricsData] = []
        self.ends = 0

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: object
    ) -> MetricExportResult:
        del timeout_millis, kwargs
        self.exports.append(metrics_data)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        del timeout_millis
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        del timeout_millis, kwargs
        self.ends += 1

    def metrics(self) -> dict[str, Metric]:
        """Return what came last, by name."""
        (resource,) = self.exports[-1].resource_metrics
        return {each.name: each for scope in resource.scope_metrics for each in scope.metrics}


class Process:
    """The metrics of a process that stays, and what was said of them."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.unread: list[str] = []
        self.faults: list[str] = []
        look_ups = LookUps(self.unread.append, self.faults.append, time.monotonic)
        self.look_ups = look_ups
        reader = PeriodicExportingMetricReader(
            AddingExporter(self.kept, look_ups.all), export_interval_millis=3_600_000
        )
        self.figures = CloseFigures(Resource({}), (reader,))
        self.sink = OtelMetricsSink(None, self.figures, self.faults.append, look_ups)
        self.sink.tell_alive("control", lambda: _AT)

    def export(self) -> dict[str, Any]:
        """Export now, and return the points of each metric."""
        self.figures.provider.force_flush()
        return {name: list(each.data.data_points) for name, each in self.kept.metrics().items()}


@pytest.fixture
def process() -> Process:
    return Process()


def test_what_is_looked_up_goes_along_under_its_name_and_without_a_unit(process: Process) -> None:
    process.sink.look_up(lambda: [COUNTED, STANDING])
    process.sink.look_up(lambda: [SPREAD])

    points = process.export()

    [counted], [standing], [spread] = points["x_total"], points["x_gauge"], points["x"]
    assert (counted.attributes, counted.value) == ({"job": "a"}, 7)
    assert standing.value == 2.5
    assert (spread.count, spread.sum, spread.bucket_counts) == (6, 99.5, (1, 2, 3))
    assert (spread.explicit_bounds, spread.min, spread.max) == ((1, 10), None, None)
    assert {each.unit for each in process.kept.metrics().values()} == {""}


def test_a_process_that_stays_says_when_it_lived_and_what_for(process: Process) -> None:
    [point] = process.export()["batch_alive_time_seconds"]
    assert (point.attributes, point.value) == ({"role": "control"}, round(_AT.timestamp()))


def test_each_export_looks_again_and_nothing_is_kept_without_points(process: Process) -> None:
    answers: list[Sequence[Told]] = [[COUNTED], [], [Told("x", MetricKind.GAUGE, "How.", [])]]
    process.sink.look_up(lambda: answers.pop(0))

    seen = [set(process.export()) - {"batch_alive_time_seconds"} for _ in range(3)]

    assert seen == [{"x_total"}, set(), set()]


def test_counts_of_all_processes_are_told_whole_whatever_is_preferred(process: Process) -> None:
    process.sink.look_up(lambda: [COUNTED, SPREAD])

    for _ in range(2):
        assert process.export()["x_total"][0].value == 7
    for name in ("x_total", "x"):
        data: Any = process.kept.metrics()[name].data
        assert data.aggregation_temporality is AggregationTemporality.CUMULATIVE
        assert data.data_points[0].start_time_unix_nano == 0


def test_what_cant_be_read_is_told_by_its_code_and_costs_itself_alone(process: Process) -> None:
    def away() -> Sequence[Told]:
        raise StateUnavailable("state_locked", "The state is locked.", "Wait.")

    def broken() -> Sequence[Told]:
        raise ValueError("canary")

    for look_up in (away, broken, lambda: [COUNTED]):
        process.sink.look_up(look_up)

    assert "x_total" in process.export()
    assert (process.unread, process.faults) == (["state_locked"], ["ValueError"])


def test_what_takes_too_long_holds_nothing_up(process: Process) -> None:
    never = threading.Event()

    def hang() -> Sequence[Told]:
        never.wait(30)
        return [STANDING]

    process.sink.look_up(hang)
    process.sink.look_up(lambda: [COUNTED])
    process.look_ups.hurry()

    names = set(process.export())
    never.set()

    assert names == {"batch_alive_time_seconds", "x_total"}
    assert process.unread == ["timed_out"]


def test_text_that_cant_be_encoded_or_is_long_costs_nothing(process: Process) -> None:
    labels = {"job": "\ud800" + "x" * 999}
    process.sink.look_up(lambda: [Told("x_total", MetricKind.COUNTER, "How.", [Point(labels, 1)])])

    [point] = process.export()["x_total"]

    assert len(point.attributes["job"]) == 256
    assert point.attributes["job"].encode()


def test_where_no_metrics_are_exported_nothing_is_looked_up() -> None:
    sink = OtelMetricsSink(None, None, pytest.fail)

    sink.tell_alive("serve", pytest.fail)
    sink.look_up(pytest.fail)


def test_the_end_is_the_exporters_own(process: Process) -> None:
    process.sink.look_up(lambda: [COUNTED])
    process.figures.provider.shutdown()
    assert "x_total" in process.kept.metrics()
    assert process.kept.ends == 1
