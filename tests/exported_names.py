"""The names of all metrics that the program exports, as Prometheus writes them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from aegis_batch.adapters.outbound.otel.figures import CloseFigures
from aegis_batch.application.job_views import Figures
from aegis_batch.application.scheduler_metrics import (
    Metric,
    MetricKind,
    scheduler_metrics,
)
from aegis_batch.domain.events import Event
from aegis_batch.domain.job_total import FAILED_BY_PRIORITY, SCHEDULED, JobTotal

__all__ = ["figures_of", "names_of_events", "names_of_scheduler"]

_AT = datetime(2026, 11, 22, 5, tzinfo=UTC)


def figures_of(*totals: JobTotal) -> Figures:
    """Return how a scheduler stands at which nothing goes on."""
    return Figures(
        at=_AT,
        active_jobs=3,
        pauses={},
        open_runs=(),
        totals=totals,
        next_due_at=None,
        executors=(),
    )


def names_of_events(events: Iterable[Event]) -> set[str]:
    """Return the names of what is exported of events, and of a process that stays."""
    reader = InMemoryMetricReader()
    figures = CloseFigures(Resource({}), (reader,))
    figures.tell_alive("serve", lambda: _AT)
    for event in events:
        figures.take(event)
    data = reader.get_metrics_data()
    assert data is not None
    return {
        name
        for of_resource in data.resource_metrics
        for scope in of_resource.scope_metrics
        for metric in scope.metrics
        for name in _written(metric.name, is_histogram=isinstance(metric.data, Histogram))
    }


def names_of_scheduler() -> set[str]:
    """Return the names of what is looked up, or asked for at the control plane."""
    figures = figures_of(
        JobTotal("a", SCHEDULED, "", 0, 1, 0.0),
        JobTotal("a", "FAILED", "service_refused", 10, 1, 2_000.0),
        JobTotal("a", FAILED_BY_PRIORITY, "HIGH", 0, 1, 0.0),
    )
    metrics: list[Metric] = scheduler_metrics(figures, {"not_authenticated": 1})
    assert all(metric.points for metric in metrics)
    return {
        name
        for metric in metrics
        for name in _written(metric.name, is_histogram=metric.kind is MetricKind.HISTOGRAM)
    }


def _written(name: str, *, is_histogram: bool) -> Iterator[str]:
    if is_histogram:
        yield from (f"{name}_{part}" for part in ("bucket", "count", "sum"))
    else:
        yield name
