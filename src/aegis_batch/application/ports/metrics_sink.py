"""The port for telling what happened."""

from typing import Protocol

from aegis_batch.domain.events import Event

__all__ = ["MetricsSink"]


class MetricsSink(Protocol):
    """Takes the events of a run; logs, metrics and histories are made of them."""

    def emit(self, event: Event) -> None:
        """Take one event, in the order in which they happen.

        It returns quickly and never raises: telling must not change what is told. Events of
        different runs may interleave, from several threads.
        """
        ...
