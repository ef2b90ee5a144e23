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
        self,
        spans: CloseSpans | None,
        figures: CloseFigures | None,
        on_fault: Callable[[str], None],
    ) -> None:
        """Take what there is, and whom to tell of a defect in it: by its kind alone."""
        self._spans = spans
        self._figures = figures
        self._on_fault = on_fault

    def emit(self, event: Event) -> None:
        """Take one event."""
        for part in (self._spans, self._figures):
            try:
                if part is not None:
                    part.take(event)
            except Exception as error:  # noqa: BLE001 - telling must not change what is told
                self._on_fault(type(error).__name__)

    def traceparent(self, run: Run) -> str | None:
        """Return the W3C header that makes a request a child of the run's open step, if it has."""
        return None if self._spans is None else self._spans.traceparent(run)
