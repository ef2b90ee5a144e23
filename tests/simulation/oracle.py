"""What is right, worked out apart from the program: whole cents, plain dicts, no code of its."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder

__all__ = ["Oracle"]

_DAY = timedelta(days=1)


class Oracle:
    """Knows, for a zone and a closing time, the reports, the days and the nominal times."""

    def __init__(self, zone: ZoneInfo, closing: time) -> None:
        """Take the calendar's zone and the local time at which a night starts."""
        self._zone = zone
        self._closing = closing

    def day_of(self, instant: datetime) -> date:
        """Return the local date of an instant."""
        return instant.astimezone(self._zone).date()

    def body(self, day: date, orders: Iterable[PlacedOrder]) -> bytes | None:
        """Return the report that orders make, as it goes over the wire; ``None``: rejected."""
        count = cents = 0
        sold: Counter[str] = Counter()
        for placed in orders:
            if self.day_of(placed.placed_at) != day:
                continue
            total = int((placed.order.total or 0) * 100)
            if total < 0:
                return None
            count += 1
            cents += total
            for line in placed.order.lines:
                sold[line.name or ""] += int(line.quantity or 0)
        ranked = sorted(sold.items(), key=lambda item: (-item[1], item[0]))[:10]
        items = [{"name": name, "qty": quantity} for name, quantity in ranked]
        revenue = f"{cents // 100}.{cents % 100:02d}"
        head = f'{{"reportDate":"{day}","totalOrders":{count},"totalRevenue":{revenue},"topItems":'
        tail = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
        return (head + tail + "}").encode()

    def end_of(self, day: date) -> datetime:
        """Return when a day ends, found by looking at every minute where clocks change."""
        return _first_at_or_after(datetime.combine(day + _DAY, time(0)), self._zone)

    def nominals(self, after: datetime, until: datetime) -> list[datetime]:
        """Return the nights' nominal times in ``(after, until]``, one each local date."""
        times = []
        day = after.astimezone(self._zone).date() - _DAY
        while day <= until.astimezone(self._zone).date() + _DAY:
            nominal = _first_at_or_after(datetime.combine(day, self._closing), self._zone)
            if after < nominal <= until:
                times.append(nominal)
            day += _DAY
        return times


def _first_at_or_after(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant whose local reading is a wall time, or has jumped over it."""
    plain = wall.replace(tzinfo=zone).astimezone(UTC)
    if plain.astimezone(zone).replace(tzinfo=None) == wall:
        return plain
    instant = plain - timedelta(hours=3)
    while instant.astimezone(zone).replace(tzinfo=None) < wall:
        instant += timedelta(minutes=1)
    return instant
