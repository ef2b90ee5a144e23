"""When tenants were seen first, in memory."""

from collections.abc import Mapping
from datetime import date, datetime

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog

__all__ = ["InMemoryKnownTenants"]


class InMemoryKnownTenants:
    """Keeps first days by tenant."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, tuple[date, datetime]] = {}

    def first_days(self, newest_days: Mapping[str, date], seen_at: datetime) -> Mapping[str, date]:
        """Return the first day of each tenant, as it was kept; see the port."""
        for tenant, day in newest_days.items():
            if tenant not in self._kept:
                self._log.put(self._kept, tenant, (day, seen_at))
        return {tenant: self._kept[tenant][0] for tenant in newest_days}
