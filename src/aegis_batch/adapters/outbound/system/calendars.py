"""Calendars with the zones of the pinned ``tzdata`` package."""

from datetime import time

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable

__all__ = ["SystemCalendars"]

_NAME_CHARACTERS_MAX = 100


class SystemCalendars:
    """Makes the calendar of a zone when it is first asked for, and keeps it.

    What is kept is bounded by how many zones there are.
    """

    def __init__(self, zone_name: str, day_start: time) -> None:
        """Take the deployment's own zone, and when all business days start.

        Raises ``KeyError`` for a zone that is none.
        """
        self._day_start = day_start
        self._own = self._made(zone_name)
        self._kept = {zone_name: self._own}

    def of(self, zone_name: str | None) -> Calendar:
        """Return the calendar of a zone; see the port."""
        if zone_name is None:
            return self._own
        kept = self._kept.get(zone_name)
        if kept is not None:
            return kept
        try:
            made = self._made(zone_name)
        except KeyError:
            raise InvalidRequest(
                "unknown_zone",
                f"There is no time zone {printable(zone_name)[:_NAME_CHARACTERS_MAX]}.",
                "Name an IANA time zone, such as America/Sao_Paulo; that of a tenant comes from"
                " AEGIS_TENANTS, or from the directory that AEGIS_TENANTS_TABLE names.",
            ) from None
        self._kept[zone_name] = made
        return made

    def _made(self, zone_name: str) -> Calendar:
        return Calendar(load_zone(zone_name), zone_name, self._day_start)
