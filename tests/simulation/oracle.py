"""What is right, worked out apart from the program: whole cents, plain dicts, no code of its."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.report import StoredReport
from aegis_batch.domain.schedule import Timing

__all__ = ["Facts", "Oracle"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What orders come to; ``broken`` holds the ids of those for which they are rejected."""

    orders: int = 0
    lines: int = 0
    cents: int = 0
    items: tuple[tuple[str, int], ...] = ()
    broken: tuple[str, ...] = ()

    def __add__(self, other: "Facts") -> "Facts":
        """Return what both come to together."""
        sold = Counter(dict(self.items))
        sold.update(dict(other.items))
        return Facts(
            self.orders + other.orders,
            self.lines + other.lines,
            self.cents + other.cents,
            tuple(sorted(sold.items())),
            tuple(sorted((*self.broken, *other.broken))),
        )

    def apart_from(self, stored: StoredReport) -> tuple[object, ...]:
        """Return what a Backend's report, as far as it goes, tells otherwise; empty: nothing."""
        items = stored.top_items
        sold = None if items is None else sorted((item.name, item.quantity) for item in items)
        apart: list[object] = []
        if stored.total_orders is not None and stored.total_orders != self.orders:
            apart.append(("orders", self.orders))
        if stored.total_revenue is not None and stored.total_revenue * 100 != self.cents:
            apart.append(("cents", self.cents))
        if sold is not None and sold != [(name, Decimal(count)) for name, count in self.items]:
            apart.append(("items", self.items))
        return tuple(apart)


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

    def facts(self, first: date, last: date, orders: Iterable[PlacedOrder]) -> Facts:
        """Return what the orders of some days come to, the first and the last one included."""
        count = lines = cents = 0
        sold: Counter[str] = Counter()
        broken = []
        for placed in orders:
            if not first <= self.day_of(placed.placed_at) <= last:
                continue
            total = int((placed.order.total or 0) * 100)
            if total < 0:
                broken.append(placed.order.id)
            count += 1
            cents += total
            lines += len(placed.order.lines)
            for line in placed.order.lines:
                sold[line.name or ""] += int(line.quantity or 0)
        return Facts(count, lines, cents, tuple(sorted(sold.items())), tuple(sorted(broken)))

    def body(self, first: date, facts: Facts) -> bytes:
        """Return the report that facts make, as it goes over the wire."""
        ranked = sorted(facts.items, key=lambda item: (-item[1], item[0]))[:10]
        items = [{"name": name, "qty": quantity} for name, quantity in ranked]
        revenue = f"{facts.cents // 100}.{facts.cents % 100:02d}"
        head = f'{{"reportDate":"{first}","totalOrders":{facts.orders},"totalRevenue":{revenue},'
        tail = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
        return f'{head}"topItems":{tail}}}'.encode()

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
