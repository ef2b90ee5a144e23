"""Cron expressions whose firings were given beforehand."""

from collections.abc import Collection, Mapping
from datetime import datetime

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["InMemoryCron"]


class InMemoryCron:
    """Knows the expressions that it was given, each in one zone, and when they fire."""

    def __init__(self, firings: Mapping[tuple[str, str], Collection[datetime]]) -> None:
        """Take the firings of each pair of an expression and a zone, in any order."""
        self._firings = {key: sorted(instants) for key, instants in firings.items()}

    def next_after(self, expression: str, zone: str, instant: datetime) -> datetime | None:
        """Return the first firing after an instant; ``None`` where there is none.

        Raises ``InvalidRequest`` for an expression that it was not given in that zone.
        """
        if (expression, zone) not in self._firings:
            raise InvalidRequest(
                "invalid_cron",
                f"Nobody said when {expression!r} fires in {zone!r}.",
                "Give its firings, or use the adapter that can work them out.",
            )
        firings = self._firings[expression, zone]
        return next((firing for firing in firings if firing > instant), None)
