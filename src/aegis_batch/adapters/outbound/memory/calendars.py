"""Calendars that were given, in memory."""

from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["InMemoryCalendars"]


class InMemoryCalendars:
    """Knows the deployment's own calendar and those of some other zones."""

    def __init__(self, own: Calendar, *others: Calendar) -> None:
        """Take the calendars."""
        self._own = own
        self._kept = {calendar.zone_name: calendar for calendar in (*others, own)}

    def of(self, zone_name: str | None) -> Calendar:
        """Return the calendar of a zone; see the port."""
        if zone_name is None:
            return self._own
        try:
            return self._kept[zone_name]
        except KeyError:
            raise InvalidRequest(
                "unknown_zone",
                f"There is no time zone {zone_name}.",
                "Name one of those that were given; that of a tenant comes from AEGIS_TENANTS.",
            ) from None
