"""One event to several sinks."""

from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.domain.events import Event

__all__ = ["FanOutMetricsSink"]


class FanOutMetricsSink:
    """Hands each event to every sink, in the order of the sinks."""

    def __init__(self, *sinks: MetricsSink) -> None:
        """Take the sinks."""
        self._sinks = sinks

    def emit(self, event: Event) -> None:
        """Hand an event on."""
        for sink in self._sinks:
            sink.emit(event)
