"""Getting spans and metrics to the collector, in a bounded time, or not at all."""

import threading
from collections.abc import Callable, Sequence

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from aegis_batch.adapters.outbound.otel.reasons import FAILED, Hearing

__all__ = ["Told", "WatchedMetricExporter", "WatchedSpanExporter", "ended_within"]

# Takes the reason where something was lost, ``None`` where all of it was told again.
Told = Callable[[str | None], None]


class WatchedSpanExporter(SpanExporter):
    """Exports spans through another exporter, and tells of what is lost."""

    def __init__(self, exporter: SpanExporter, told: Told) -> None:
        """Take the exporter, and whom to tell."""
        self._exporter = exporter
        self._heard = Hearing(exporter)
        self._told = told

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export, and tell if that failed: spans are sent once."""
        reason: str | None = FAILED
        try:
            result = self._exporter.export(spans)
            reason = None if result is SpanExportResult.SUCCESS else self._heard.reason
        finally:
            if reason is not None:
                self._told(reason)
        return result

    def shutdown(self) -> None:
        """Break off what is going on."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is kept back here."""
        return self._exporter.force_flush(timeout_millis)


class WatchedMetricExporter(MetricExporter):
    """Exports metrics through another exporter, and tells of what is lost and made good."""

    def __init__(self, exporter: MetricExporter, told: Told) -> None:
        """Take the exporter, and whom to tell."""
        # As the SDK's own reader takes them; there is no other way.
        super().__init__(
            exporter._preferred_temporality,  # noqa: SLF001
            exporter._preferred_aggregation,  # noqa: SLF001
        )
        # Then each export tells again all that the ones before it told.
        kinds = set((self._preferred_temporality or {}).values())
        self._makes_good = kinds == {AggregationTemporality.CUMULATIVE}
        self._exporter = exporter
        self._heard = Hearing(exporter)
        self._told = told

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: object
    ) -> MetricExportResult:
        """Export, and tell if that failed, or made good what had failed before."""
        reason: str | None = FAILED
        try:
            result = self._exporter.export(metrics_data, timeout_millis, **kwargs)
            reason = None if result is MetricExportResult.SUCCESS else self._heard.reason
        finally:
            if reason is not None or self._makes_good:
                self._told(reason)
        return result

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Nothing is kept back here."""
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        """Break off what is going on."""
        self._exporter.shutdown(timeout_millis, **kwargs)


def ended_within(
    timeout_seconds: float, monotonic_seconds: Callable[[], float], *jobs: Callable[[], object]
) -> list[bool]:
    """Do some jobs at the same time, and say of each whether it ended within a time.

    What has not ended by then is left to itself, on threads that keep no process alive.
    """
    deadline_seconds = monotonic_seconds() + timeout_seconds
    threads = [threading.Thread(target=_quietly, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline_seconds - monotonic_seconds()))
    return [not thread.is_alive() for thread in threads]


def _quietly(job: Callable[[], object]) -> None:
    try:
        job()
    except Exception:  # noqa: BLE001 - the thread's only reader would be standard error
        return
