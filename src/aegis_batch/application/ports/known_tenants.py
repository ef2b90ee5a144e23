"""The port for when tenants were seen first."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

__all__ = ["KnownTenants"]


class KnownTenants(Protocol):
    """Keeps the first day of each tenant, within a turn."""

    def first_days(self, newest_days: Mapping[str, date], seen_at: datetime) -> Mapping[str, date]:
        """Return the first business day that each tenant is closed from, as it was kept.

        ``newest_days`` gives for each tenant that is asked about, 1,000 at most, the day that is
        kept where it was never seen before; it is then kept as seen at ``seen_at``, a UTC instant.
        """
        ...
