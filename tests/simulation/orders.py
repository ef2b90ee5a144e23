"""The shop's orders: when they are placed, when they come to be seen, and which are broken."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.order import Order, OrderLine

__all__ = ["ShopOrders"]

_NAMES = ("Feijoada", "Café", "Pão de queijo", "Água", "Bolo", "Suco", "Torta", "Chá")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Planned:
    seen_from: datetime
    placed: PlacedOrder


class ShopOrders:
    """All orders of a simulation, of which those are seen whose time has come.

    Some come late, up to days after they were placed; some have a negative total until somebody
    mends them. ``seen`` is what a reader's database holds.
    """

    def __init__(self, random: Random, zone: ZoneInfo, first_day: date, days: int) -> None:
        """Plan the orders of so many days."""
        self.seen: list[PlacedOrder] = []
        self.arrived_late = 0
        planned = [
            _order(random, zone, first_day + place * _DAY, number)
            for place in range(days)
            for number in range(random.choice((0, 1, 2, 3, 5)))
        ]
        self._planned = sorted(planned, key=lambda order: order.seen_from, reverse=True)

    def let_arrive(self, until: datetime) -> None:
        """Let everything be seen that has come by an instant."""
        while self._planned and self._planned[-1].seen_from <= until:
            order = self._planned.pop()
            self.arrived_late += order.seen_from != order.placed.placed_at
            self.seen.append(order.placed)

    def mend(self) -> None:
        """Mend all broken orders that are seen, as a person does in the morning."""
        for place, placed in enumerate(self.seen):
            total = placed.order.total
            if total is not None and total < 0:
                mended = replace(placed.order, total=-total)
                self.seen[place] = replace(placed, order=mended)


def _order(random: Random, zone: ZoneInfo, day: date, number: int) -> _Planned:
    lines = tuple(
        OrderLine(
            random.choice(_NAMES),
            Decimal(random.randint(1, 4)),
            Decimal(random.randint(1, 9_999)) / 100,
        )
        for _ in range(random.randint(1, 3))
    )
    total = sum((line.amount for line in lines), Decimal(0))
    if random.random() < 0.02:
        total = -total
    wall = datetime.combine(day, time(0)) + timedelta(seconds=random.randint(0, 86_399))
    placed_at = wall.replace(tzinfo=zone).astimezone(UTC)
    late = timedelta(0)
    if random.random() < 0.05:
        late = timedelta(hours=random.randint(1, 72))
    order = Order(f"{day:%Y%m%d}-{number}", total, lines)
    return _Planned(placed_at + late, PlacedOrder(placed_at, order))
