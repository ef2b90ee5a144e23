"""Every change of every zone's clock from 2000 to 2037, found by scanning the zones' offsets.

Whole seconds, and apart from the program's calendar: a zone is a row of stretches of time with one
offset each.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.system.time_zones import load_zone

__all__ = ["Stretch", "zones_that_change"]

_DAY = timedelta(days=1)
_DAY_SECONDS = 86_400
# One reading of the clock a day, at a time of day at which none is ever changed.
_READINGS = [datetime(1999, 12, 20, 9, 17) + number * _DAY for number in range(13_900)]  # noqa: DTZ001 - readings of a clock


class Stretch(NamedTuple):
    """The seconds ``[start, end)`` since 1970, in which the zone's clock is ``offset`` ahead."""

    start: int
    end: int
    offset: int


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _second(reading: datetime, offset: timedelta | None) -> int:
    assert offset is not None
    return int((reading.replace(tzinfo=UTC) - offset).timestamp())


def _stretches(zone: ZoneInfo) -> list[Stretch]:
    changes = []
    offsets = list(map(zone.utcoffset, _READINGS))
    for number, (known, now) in enumerate(pairwise(offsets)):
        if now != known:
            # A day more on either side, since a reading may be one that a clock jumped over.
            low = _second(_READINGS[number], known) - _DAY_SECONDS
            high = _second(_READINGS[number + 1], now) + _DAY_SECONDS
            before = _offset(zone, low)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            changes.append(high)
    ends = [_second(_READINGS[place], offsets[place]) for place in (0, -1)]
    bounds = [ends[0], *changes, ends[1]]
    return [Stretch(start, end, _offset(zone, start)) for start, end in pairwise(bounds)]


@cache
def zones_that_change() -> dict[str, list[Stretch]]:
    """Every zone that has data of its own and a clock change in these years."""
    folder = resources.files("tzdata")
    names = folder.joinpath("zones").read_text(encoding="utf-8").split()
    by_content = {
        folder.joinpath("zoneinfo", *name.split("/")).read_bytes(): name for name in names
    }
    found = {name: _stretches(load_zone(name)) for name in sorted(by_content.values())}
    return {name: stretches for name, stretches in found.items() if len(stretches) > 1}
