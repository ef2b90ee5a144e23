"""Circuit breakers in memory."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.breaker import Breaker, Provider

__all__ = ["InMemoryBreakers"]


class InMemoryBreakers:
    """Keeps breakers by their provider."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[Provider, Breaker] = {}

    def all(self) -> Sequence[Breaker]:
        """Return those that were ever saved."""
        return list(self._kept.values())

    def save(self, breaker: Breaker) -> None:
        """Keep where a breaker stands."""
        self._log.put(self._kept, breaker.provider, breaker)
