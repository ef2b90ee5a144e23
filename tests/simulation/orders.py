"""The shop's orders: when they are placed, when they come to be seen, and which are broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.order import Order, OrderLine

__all__ = ["ShopOrders"]

_NAMES = ("Feijoada", "Café", "Pão de queijo", "Água", "Bolo", "Suco", "Torta", "Chá")
_DAY = timedelta(days=1)
# Of all days, those that somebody meddles with afterwards.
_CHANGED_DAYS = 0.12


class ShopOrders:
    """All orders of a simulation, of which those are seen whose time has come.

    Some come late, up to days after they were placed; some have a negative total until somebody
    mends them.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it is planned of
        self,
        random: Random,
        zone: ZoneInfo,
        first_day: date,
        days: int,
        reached: Callable[[str], None],
        is_closed: Callable[[date], bool],
    ) -> None:
        """Plan the orders of so many days, and what becomes of days that were closed."""
        self._random = random
        self._zone = zone
        self._reached = reached
        self._is_closed = is_closed
        self._seen: dict[date, list[PlacedOrder]] = {}
        self._broken: set[date] = set()
        self._added = 0
        planned = [
            self._plan(first_day + place * _DAY, str(number))
            for place in range(days)
            for number in range(random.choice((0, 1, 2, 3, 5)))
        ]
        self._planned = sorted(planned, key=lambda pair: pair[0], reverse=True)
        meddled = [self._plan_a_change(first_day + place * _DAY) for place in range(days)]
        self._meddled = sorted(filter(None, meddled), reverse=True)
        # Broken orders are mended as soon as they are seen, while people look.
        self.is_watched = False

    def let_arrive(self, until: datetime) -> None:
        """Let everything be seen that has come by an instant."""
        while self._planned and self._planned[-1][0] <= until:
            seen_from, placed = self._planned.pop()
            if seen_from != placed.placed_at:
                self._reached("orders: late")
            self._see(placed)
        while self._meddled and self._meddled[-1][0] <= until:
            _, what, day = self._meddled.pop()
            self._meddle(what, day)
        if self.is_watched and self._broken:
            self.mend()

    def near(self, first: date, last: date) -> list[PlacedOrder]:
        """Return what is seen of some days and of those beside them."""
        days = range(-1, (last - first).days + 2)
        return [placed for at in days for placed in self._seen.get(first + at * _DAY, ())]

    def add_late(self, day: date) -> None:
        """Let one more order of a day be seen, which was placed then."""
        self._added += 1
        _, placed = self._plan(day, f"late-{self._added}")
        if placed.order.total is not None:
            order = replace(placed.order, total=abs(placed.order.total))
            self._see(replace(placed, order=order))

    def mend(self) -> None:
        """Mend all broken orders that are seen, as a person does in the morning."""
        for day in sorted(self._broken):
            self._seen[day] = [_mended(placed) for placed in self._seen[day]]
        self._broken.clear()

    def _see(self, placed: PlacedOrder) -> None:
        day = placed.placed_at.astimezone(self._zone).date()
        if self._is_closed(day):
            self._reached("orders: come into a closed day")
        self._seen.setdefault(day, []).append(placed)
        if _mended(placed) is not placed:
            self._reached("orders: broken")
            self._broken.add(day)

    def _plan_a_change(self, day: date) -> tuple[datetime, str, date] | None:
        """Return when somebody does what to a day that is most likely closed, for some days."""
        chance = self._random
        if chance.random() >= _CHANGED_DAYS:
            return None
        noon = datetime.combine(day + _DAY, time(12), tzinfo=self._zone).astimezone(UTC)
        late = timedelta(minutes=chance.randint(0, 6 * 24 * 60))
        return noon + late, chance.choice(("add", "change", "delete")), day

    def _meddle(self, what: str, day: date) -> None:
        """Add an order to a day, change one, or delete one."""
        there = self._seen.get(day)
        if what == "add" or not there:
            self.add_late(day)
            return
        place = self._random.randrange(len(there))
        if what == "delete":
            gone = there.pop(place)
            if _mended(gone) is not gone and all(_mended(left) is left for left in there):
                self._broken.discard(day)
        else:
            there[place] = _changed(_mended(there[place]))
        if self._is_closed(day):
            self._reached(f"orders: {what}d in a closed day")

    def _plan(self, day: date, number: str) -> tuple[datetime, PlacedOrder]:
        """Return an order of a day, and from when on it is seen."""
        chance = self._random
        lines = tuple(
            OrderLine(
                chance.choice(_NAMES),
                Decimal(chance.randint(1, 4)),
                Decimal(chance.randint(1, 9_999)) / 100,
            )
            for _ in range(chance.randint(1, 3))
        )
        total = sum((line.amount for line in lines), Decimal(0))
        if chance.random() < 0.02:
            total = -total
        wall = datetime.combine(day, time(0)) + timedelta(seconds=chance.randint(0, 86_399))
        placed_at = wall.replace(tzinfo=self._zone).astimezone(UTC)
        late = timedelta(0)
        if chance.random() < 0.06:
            late = timedelta(minutes=chance.randint(1, 72 * 60))
        order = Order(f"{day:%Y%m%d}-{number}", total, lines)
        return placed_at + late, PlacedOrder(placed_at, order)


def _mended(placed: PlacedOrder) -> PlacedOrder:
    total = placed.order.total
    if total is None or total >= 0:
        return placed
    return replace(placed, order=replace(placed.order, total=-total))


def _changed(placed: PlacedOrder) -> PlacedOrder:
    """Return an order with one more of its first item, and its price."""
    order, first = placed.order, placed.order.lines[0]
    more = replace(first, quantity=(first.quantity or Decimal(0)) + 1)
    total = None if order.total is None else order.total + (first.unit_price or Decimal(0))
    return replace(placed, order=replace(order, total=total, lines=(more, *order.lines[1:])))
