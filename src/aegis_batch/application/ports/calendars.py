"""The port for the calendars of tenants."""

from typing import Protocol

from aegis_batch.domain.calendar import Calendar

__all__ = ["Calendars"]


class Calendars(Protocol):
    """Knows the calendar of each zone; all days start at the same wall time."""

    def of(self, zone_name: str | None) -> Calendar:
        """Return the calendar of a zone, ``None``: of the deployment's own.

        Raises ``InvalidRequest`` (``unknown_zone``) for a name that is no zone's.
        """
        ...
