"""Cron expressions, in any zone and through its clock changes."""

from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable

__all__ = ["SystemCron"]

_LONGEST_EXPRESSION = 255


class SystemCron:
    """Knows when cron expressions fire, by the clocks of the pinned ``tzdata`` package.

    An expression names readings of a clock on a wall, and fires at the first instant at which
    that clock shows the reading or one after it. So a reading that is shown twice fires once, at
    the first; one that is left out fires at the shift, together with whatever else falls on that
    instant; and firings never change their order. This holds for expressions that fire each
    minute or hour too: they rest while a repeated hour passes again.

    Where a zone left out a whole day (``Pacific/Apia``, 2011-12-30), that day's readings all fire
    at the shift, which is the midnight that begins the next day: a closing time of 02:00 fires
    there for the day that never was and again at 02:00; one of 00:00 fires once for both days.
    """

    def __init__(self) -> None:
        """Know no zone yet; those that are asked for are kept."""
        self._zones: dict[str, ZoneInfo] = {}

    def next_after(self, expression: str, zone: str, instant: datetime) -> datetime | None:
        """Return the first firing after an instant, in UTC; ``None`` where there is none.

        Whole seconds. The search ends 50 years on. Raises ``InvalidRequest`` for what is no
        expression of five or six fields, and for a zone that nobody knows.
        """
        clock = self._zone(zone)
        try:
            wall = instant.astimezone(clock).replace(tzinfo=None)
            # Without a zone the library walks through plain readings, one after the other.
            for reading in _readings_after(expression, wall):
                firing = _first_showing(clock, zone, reading)
                if firing > instant:
                    return firing
        except OverflowError:
            # The calendar ends before the next firing.
            return None
        return None

    def _zone(self, name: str) -> ZoneInfo:
        if name not in self._zones:
            try:
                self._zones[name] = load_zone(name)
            except KeyError:
                raise InvalidRequest(
                    "unknown_zone",
                    f"There is no time zone {printable(name)!r}.",
                    "Name an IANA zone, such as America/Sao_Paulo.",
                ) from None
        return self._zones[name]


def _readings_after(expression: str, wall: datetime) -> CronSim:
    if len(expression) > _LONGEST_EXPRESSION:
        raise _invalid(expression[:40] + "...", f"more than {_LONGEST_EXPRESSION} characters")
    try:
        return CronSim(expression, wall)
    except CronSimError as error:
        raise _invalid(expression, _fault(str(error))) from None
    except ValueError:
        raise _invalid(expression, "a field is no number") from None


def _fault(told: str) -> str:
    # The library says "Bad hour" or "Wrong number of fields", and nothing else.
    if told.startswith("Bad "):
        return f"its field {told.removeprefix('Bad ')!r} can't be read, or never comes"
    return "it must have five fields, or six with seconds first"


def _invalid(expression: str, fault: str) -> InvalidRequest:
    return InvalidRequest(
        "invalid_cron",
        f"{printable(expression)!r} is no cron expression: {fault}.",
        "Write minute, hour, day of month, month and day of week, such as '0 2 * * *', "
        "with seconds before them where they matter.",
    )


def _first_showing(clock: ZoneInfo, zone: str, reading: datetime) -> datetime:
    # Where a business day starts is the same question, and has its answer in one place.
    return Calendar(clock, zone, reading.time()).window(reading.date()).start
