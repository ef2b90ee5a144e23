"""The machine's clock."""

import time
from datetime import UTC, datetime

__all__ = ["SystemClock"]


class SystemClock:
    """Tells the machine's time."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)

    def monotonic_seconds(self) -> float:
        """Return the seconds of a clock that never goes back."""
        return time.monotonic()
