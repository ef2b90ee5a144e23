"""A sink that turns events into spans and metrics."""

from collections.abc import Callable
from datetime import datetime

from aegis_batch.adapters.outbound.otel.figures import CloseFigures
from aegis_batch.adapters.outbound.otel.looked_up import LookUp, LookUps
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
        look_ups: LookUps | None = None,
    ) -> None:
        """Take what there is, and whom to tell of a defect in it: by its kind alone."""
        self._spans = spans
        self._look_ups = look_ups
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

    def tell_alive(self, role: str, now: Callable[[], datetime]) -> None:
        """Tell with each export from now on that this process lives, what for, and when that was.

        Only for one that stays: of others their end says more.
        """
        if self._figures is not None:
            self._figures.tell_alive(role, now)

    def look_up(self, look_up: LookUp) -> None:
        """Export, from now on, also what is found there."""
        if self._look_ups is not None:
            self._look_ups.add(look_up)

    def traceparent(self, run: Run) -> str | None:
        """Return the W3C header that makes a request a child of the run's open step, if it has."""
        return None if self._spans is None else self._spans.traceparent(run)
