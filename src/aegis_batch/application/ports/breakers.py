"""The port for where circuit breakers stand, over all processes."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.breaker import Breaker

__all__ = ["Breakers"]


class Breakers(Protocol):
    """Keeps one breaker for each provider, within a turn."""

    def all(self) -> Sequence[Breaker]:
        """Return those that were ever saved, as they stand now, in any order.

        Raises ``StateMisfit`` for one that no program like this would have kept.
        """
        ...

    def save(self, breaker: Breaker) -> None:
        """Keep where a breaker stands, in place of what was kept before."""
        ...
