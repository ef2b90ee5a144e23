"""The shop that is measured: what ``sql/shop.sql`` writes, and what its day adds up to."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bench.figures import Figures

__all__ = ["DAY", "GROWING", "SCATTERED", "WEEK", "Ids", "Span", "day_figures", "figures_of_orders"]

DAY = "2026-11-21"
_LINES = 3
_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Ids:
    """A kind of order ids, by the SQL type and the SQL of the id of order ``n``."""

    name: str
    sql_type: str
    sql_of_order: str


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a shop, one after the other, none of them with a change of clocks."""

    first_day: date
    count: int

    @property
    def days(self) -> list[date]:
        """All of them, oldest first."""
        return [self.first_day + timedelta(days=number) for number in range(self.count)]


WEEK = Span(date(2026, 11, 18), 7)
_DAYS_BEFORE = WEEK.days.index(date.fromisoformat(DAY))

GROWING = Ids("ids that grow with time", "bigint", "n")
SCATTERED = Ids("random ids (UUID)", "uuid", "md5(n::text)::uuid")


def day_figures(orders_a_day: int, days_before: int = _DAYS_BEFORE) -> Figures:
    """Return what a day of ``sql/shop.sql`` has to add up to, ``DAY`` of the week unless told.

    The shop has so many days before it.
    """
    first = days_before * orders_a_day + 1
    return figures_of_orders(range(first, first + orders_a_day))


def figures_of_orders(numbers: Collection[int]) -> Figures:
    """Return what the orders with these numbers have to add up to."""
    quantities: Counter[str] = Counter()
    cents = 0
    for n in numbers:
        for line in range(_LINES):
            item = (n * 7 + line * 13 + n * n % 97) % _ITEMS
            quantity = 1 + (n + line) % 4
            quantities[f"Item {item}"] += quantity
            cents += quantity * (100 + item * 37 % 9000)
    return Figures.of(len(numbers), Decimal(cents) / 100, quantities)
