"""Which business days should be closed by now, for the tenants of each zone."""

from dataclasses import dataclass

from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.domain.expectation import Expectation

__all__ = ["Expectations"]


@dataclass(frozen=True, slots=True)
class Expectations:
    """Knows what is expected in each zone; ``own`` is what is by the deployment's own calendar."""

    own: Expectation
    calendars: Calendars

    def of(self, zone_name: str | None) -> Expectation:
        """Return what is expected of the tenants of a zone.

        Raises ``InvalidRequest`` (``unknown_zone``) for a name that is no zone's.
        """
        return self.own if zone_name is None else self.own.in_zone(self.calendars.of(zone_name))
