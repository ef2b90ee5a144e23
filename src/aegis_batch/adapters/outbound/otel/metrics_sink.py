"""A sink that turns events into spans and metrics."""

from collections.abc import Callable

from aegis_batch.adapters.outbound.otel.figures import CloseFigures
from aegis_batch.adapters.outbound.otel.spans import CloseSpans
from aegis_batch.domain.events import Event
from aegis_batch.domain.run import Run

__all__ = ["OtelMetricsSink"]


class OtelMetricsSink:
    """Hands events to spans and metrics; whatever goes wrong there stays there."""

    def __init__(
        self, spans: CloseSpans, figures: CloseFigures, on_fault: Callable[[str], None]
    ) -> None:
        """Take both, and whom to tell of a defect in them, by the kind of its error alone."""
        self._spans = spans
        self._figures = figures
        self._on_fault = on_fault

    def emit(self, event: Event) -> None:
        """Take one event."""
        for take in (self._spans.take, self._figures.take):
            try:
                take(event)
            except Exception as error:  # noqa: BLE001 - telling must not change what is told
                self._on_fault(type(error).__name__)

    def traceparent(self, run: Run) -> str | None:
        """Return the W3C header that makes a request a child of the run's open step."""
        return self._spans.traceparent(run)
