"""The port for cron expressions."""

from datetime import datetime
from typing import Protocol

__all__ = ["Cron"]


class Cron(Protocol):
    """Knows when cron expressions fire, in any zone and through its clock changes."""

    def next_after(self, expression: str, zone: str, instant: datetime) -> datetime | None:
        """Return the first firing after an instant, in UTC; ``None`` where there is none.

        Five fields, or six with seconds first. A repeated local time fires once, the first; a
        skipped one fires at the shift. Raises ``InvalidRequest`` for what is no expression.
        """
        ...
