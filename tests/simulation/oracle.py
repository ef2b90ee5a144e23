"""What is right, worked out apart from the program: whole cents, plain dicts, no code of its."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.schedule import Timing

__all__ = ["Oracle"]

_DAY = timedelta(days=1)


class Oracle:
    """Knows, for a zone, the reports, the days and the nominal times."""

    def __init__(self, zone: ZoneInfo, first_day: date, catch_up: timedelta) -> None:
        """Take the calendar's zone, the first day to close, and how long days are looked after."""
        self._zone = zone
        self._first_day = first_day
        self._catch_up = catch_up
        self._ends: dict[date, datetime] = {}
        self._firsts: dict[datetime, datetime] = {}

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
        if day not in self._ends:
            midnight = datetime.combine(day + _DAY, time(0))
            self._ends[day] = self._first_at_or_after(midnight)
        return self._ends[day]

    def days_due(self, ended_by: datetime, now: datetime) -> list[date]:
        """Return the days that had ended by an instant, and are still looked after now."""
        days = []
        day = self.day_of(ended_by)
        while day >= self._first_day and self.end_of(day) > now - self._catch_up:
            if self.end_of(day) <= ended_by:
                days.append(day)
            day -= _DAY
        return days

    def nominals(
        self, timing: Timing, counted_from: datetime, after: datetime, until: datetime
    ) -> list[datetime]:
        """Return the nominal times in ``(after, until]``.

        Of a cron expression only the hour and the minute are looked at: it fires each local date.
        """
        if timing.at is not None:
            return [timing.at] if after < timing.at <= until else []
        if timing.every is not None:
            number = (after - counted_from) // timing.every + 1
            last = (until - counted_from) // timing.every
            return [counted_from + n * timing.every for n in range(number, last + 1)]
        fields = (timing.cron or "").split()
        closing = time(int(fields[2]), int(fields[1]))
        times = []
        day = self.day_of(after) - _DAY
        while day <= self.day_of(until) + _DAY:
            nominal = self._first_at_or_after(datetime.combine(day, closing))
            if after < nominal <= until:
                times.append(nominal)
            day += _DAY
        return times

    def _first_at_or_after(self, wall: datetime) -> datetime:
        """Return the first instant whose local reading is a wall time, or has jumped over it."""
        if wall not in self._firsts:
            plain = wall.replace(tzinfo=self._zone).astimezone(UTC)
            if plain.astimezone(self._zone).replace(tzinfo=None) != wall:
                plain -= timedelta(hours=3)
                while plain.astimezone(self._zone).replace(tzinfo=None) < wall:
                    plain += timedelta(minutes=1)
            self._firsts[wall] = plain
        return self._firsts[wall]
