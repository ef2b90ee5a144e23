"""Orders in memory."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.order import Order
from aegis_batch.domain.totals import Totals

__all__ = ["InMemoryOrderReader", "PlacedOrder"]


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order and the instant at which it was placed."""

    placed_at: datetime
    order: Order
    status: str | None = None


class InMemoryOrderReader:
    """Adds up orders one by one: a part for each order, and one for ids that stand twice."""

    def __init__(self, orders: Iterable[PlacedOrder], statuses: Iterable[str] = ()) -> None:
        """Take the orders, and the statuses that count; none named: all count."""
        self.orders: list[PlacedOrder] = list(orders)
        self._statuses = frozenset(statuses)

    def read(self, window: Window, tolerance: Decimal) -> Reading:
        """Add up the orders of a window; see the port."""
        counted = [
            placed.order
            for placed in self.orders
            if window.start <= placed.placed_at < window.end
            and (not self._statuses or placed.status in self._statuses)
        ]
        parts = [Totals.of(order, tolerance) for order in counted]
        parts.append(Totals.of_duplicates(order.id for order in counted))
        return Reading(_snapshot_of(self.orders), tuple(parts))


def _snapshot_of(orders: Sequence[PlacedOrder]) -> str:
    text = repr(sorted(map(repr, orders)))
    return "memory:" + hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
