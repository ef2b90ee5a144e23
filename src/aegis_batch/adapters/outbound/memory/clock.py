"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta

__all__ = ["InMemoryClock"]


class InMemoryClock:
    """Tells a time that only ``advance`` and ``set`` change."""

    def __init__(self, now: datetime) -> None:
        """Start at an instant; ``ValueError`` where it knows no zone."""
        self._now = _in_utc(now)
        self._monotonic_seconds = 0.0

    def now(self) -> datetime:
        """Return the instant at which the clock stands, in UTC."""
        return self._now

    def monotonic_seconds(self) -> float:
        """Return the seconds by which the clock was advanced."""
        return self._monotonic_seconds

    def advance(self, by: timedelta) -> None:
        """Let time pass; ``ValueError`` where it would go back."""
        if by < timedelta(0):
            raise ValueError(by)
        self._now += by
        self._monotonic_seconds += by.total_seconds()

    def set(self, now: datetime) -> None:
        """Jump, as a wall clock does when it is set; monotonic time stays."""
        self._now = _in_utc(now)


def _in_utc(instant: datetime) -> datetime:
    # A naive reading would be taken for the machine's local time.
    if instant.tzinfo is None:
        raise ValueError(instant)
    return instant.astimezone(UTC)
