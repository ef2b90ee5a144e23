"""Instants for people, in UTC and in a zone; and a person's words for an instant."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["Clockface", "parse_instant", "utc"]

_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?( UTC|Z|[+-]\d{2}:\d{2})?"
)


@dataclass(frozen=True, slots=True)
class Clockface:
    """A zone to show times in, beside UTC; ``name`` is its IANA name."""

    zone: ZoneInfo
    name: str

    @property
    def heading(self) -> str:
        """The zone's own part of its name, as a heading for ``short``."""
        return self.name.rpartition("/")[2]

    def both(self, moment: datetime | None) -> str | None:
        """Return an instant to the second, in UTC and with its offset in the zone."""
        return self._both(moment, "seconds")

    def nominal(self, moment: datetime | None) -> str | None:
        """Return the same of a nominal time, as far as it goes: what is shown can be asked for."""
        return self._both(moment, "auto")

    def _both(self, moment: datetime | None, precision: str) -> str | None:
        if moment is None:
            return None
        local = moment.astimezone(self.zone)
        told = local.isoformat(" ", precision)
        if local.date() == moment.astimezone(UTC).date():
            told = told.partition(" ")[2]
        return f"{utc(moment, precision)}  ({told} {self.name})"

    def short(self, moment: datetime | None) -> str:
        """Return an instant's month, day, hour and minute in the zone."""
        return "-" if moment is None else f"{moment.astimezone(self.zone):%m-%d %H:%M}"


def utc(moment: datetime, precision: str = "seconds") -> str:
    """Return an instant in UTC, to the second unless as far as it goes (``auto``)."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(' ', precision)} UTC"


def parse_instant(text: str, zone: ZoneInfo, zone_name: str) -> datetime:
    """Return the UTC instant that a person means; without an offset it is a time of the zone.

    An instant as ``utc`` tells it has its offset. Of a repeated local time it is the first, which
    is the one that schedules fire at. Raises ``InvalidRequest`` for what is no instant, and for a
    local time that the clocks skipped.
    """
    given = _read(text)
    try:
        if given is not None:
            instant = given.replace(tzinfo=given.tzinfo or zone).astimezone(UTC)
            if given.tzinfo is not None or _wall(instant, zone) == given:
                return instant
    except OverflowError:
        # At the edge of what a calendar can hold.
        given = None
    if given is None:
        raise InvalidRequest(
            "invalid_instant",
            f"{text!r} is no moment that exists.",
            "Write it with its offset, as 2026-11-22T05:00:00Z or 2026-11-22T02:00:00-03:00,"
            f" or as a time of {zone_name}: 2026-11-22T02:00:00.",
        )
    raise InvalidRequest(
        "skipped_time",
        f"The clocks of {zone_name} skipped {text}.",
        "Write the moment with its offset, as in 2026-11-22T02:00:00-03:00.",
    )


def _read(text: str) -> datetime | None:
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text.replace(" UTC", "Z"))
    except ValueError:
        return None


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)
