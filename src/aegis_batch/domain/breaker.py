"""Circuit breakers: whether a provider outside is asked at all, after it has failed in a row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = ["Breaker", "BreakerState", "Provider"]


class Provider(StrEnum):
    """Whom a close depends on that is no part of it."""

    BACKEND = "backend"
    ORDERS = "orders"
    NOTICES = "notices"


class BreakerState(StrEnum):
    """``CLOSED``: it is asked. ``OPEN``: it rests. ``HALF_OPEN``: one probe is under way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """Where a breaker stands, and since when; ``failures`` in a row have opened it.

    What nobody has kept yet is closed, since ``None``.
    """

    provider: Provider
    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    changed_at: datetime | None = None

    def rests_until(self, now: datetime, rest: timedelta) -> datetime | None:
        """Return until when the provider is left alone; ``None`` where it may be asked.

        A probe that nobody has heard of for as long as a rest is taken for lost. So is a moment
        that only a clock far ahead can have named.
        """
        if self.state is BreakerState.CLOSED or self.changed_at is None:
            return None
        until = min(self.changed_at, now) + rest
        return until if now < until and self.changed_at < now + rest else None
