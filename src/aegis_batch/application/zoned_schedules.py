"""Keeps schedules for each zone that tenants have, for as long as some have it."""

from collections.abc import Callable, Sequence

from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.notice import NoticeKind
from aegis_batch.domain.printable import printable
from aegis_batch.domain.schedule import Schedule
from aegis_batch.domain.tenant_events import ZoneUnknown

__all__ = ["ZONE_MARK", "ZonedSchedules"]

# Stands between a schedule's name and its zone, and in no other name.
ZONE_MARK = "@"
_NAME_CHARACTERS_MAX = 100


class ZonedSchedules:
    """Makes schedules for zones that appear in the directory, and retires those of others."""

    def __init__(
        self,
        ledger: Ledger,
        control: ScheduleControl,
        directory: TenantDirectory,
        calendars: Calendars,
        wanted_in: Callable[[Sequence[str]], Sequence[Schedule]],
    ) -> None:
        """Take the ports, and what says which schedules there are with some zones.

        Names of schedules that are for one of the zones hold ``ZONE_MARK``; no others do.
        """
        self._ledger = ledger
        self._control = control
        self._directory = directory
        self._calendars = calendars
        self._wanted_in = wanted_in
        self._told: set[str] = set()

    def kept(self) -> Sequence[Schedule]:
        """Return the schedules that there are with the zones of the last time; nobody is asked.

        So the directory need not be there when a process starts. Raises ``StateUnavailable`` and
        ``StateMisfit``.
        """
        zones = {
            state.schedule.timing.zone
            for state in self._control.all()
            if ZONE_MARK in state.schedule.name
        }
        return self._wanted_in(sorted(zone for zone in zones if zone and self._is_zone(zone)))

    def refresh(self, go_on: Callable[[], bool]) -> None:
        """Ask the directory for its zones, and bring the schedules in line with them.

        A zone that is none is told, once each, and fires nothing. ``go_on`` is asked after each
        transaction. Raises ``OrdersMisfit`` and ``OrdersUnreachable``, and then leaves all as it
        was; ``StateUnavailable`` and ``StateMisfit``.
        """
        named = [zone for zone in self._directory.zones() if zone is not None]
        known = [zone for zone in named if self._is_zone(zone)]
        self._tell([zone for zone in named if zone not in known and zone not in self._told])
        self._control.sync(self._wanted_in(known), go_on)

    def _is_zone(self, name: str) -> bool:
        try:
            self._calendars.of(name)
        except InvalidRequest:
            return False
        return True

    def _tell(self, zones: Sequence[str]) -> None:
        if not zones:
            return
        with self._ledger.turn() as turn:
            for zone in zones:
                shown = printable(zone)[:_NAME_CHARACTERS_MAX]
                turn.tell(ZoneUnknown(at=turn.now, zone=shown))
                turn.announce(
                    NoticeKind.MESSAGE,
                    key=f"{ZoneUnknown.name}:{shown}",
                    event=ZoneUnknown.name,
                    text=f"Some tenants have the time zone {shown}, which there is none of: their"
                    " days are not closed. Mend it in the directory of tenants.",
                )
        self._told.update(zones)
