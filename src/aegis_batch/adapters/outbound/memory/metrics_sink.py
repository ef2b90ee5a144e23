"""A sink that keeps what it is told."""

from aegis_batch.domain.events import Event

__all__ = ["InMemoryMetricsSink"]


class InMemoryMetricsSink:
    """Keeps events in the order in which they came."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)
