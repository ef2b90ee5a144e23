"""Waiting in no time, by a clock in memory."""

from datetime import timedelta

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock

__all__ = ["InMemoryPauses"]


class InMemoryPauses:
    """Moves its clock on by as much as is waited for."""

    def __init__(self, clock: InMemoryClock) -> None:
        """Take the clock."""
        self._clock = clock

    def pause(self, seconds: float) -> None:
        """Let the clock be so many seconds later, to the next microsecond."""
        self._clock.advance(timedelta(seconds=seconds, microseconds=1))
