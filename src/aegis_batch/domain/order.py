"""An order as the books see it, and the text form of its id."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from aegis_batch.domain import exact

__all__ = ["Order", "OrderLine", "is_blank_name", "order_id_rank"]

# Only ASCII white space counts: Python and databases disagree about the rest of Unicode's.
_BLANKS = " \t\n\v\f\r"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order; any field may be missing or no number, which the rules then find.

    The quantity is in units of the item, the price in the currency's main unit.
    """

    name: str | None
    quantity: Decimal | None
    unit_price: Decimal | None

    @property
    def is_finite(self) -> bool:
        """Whether quantity and price are both there and finite."""
        return _is_finite(self.quantity) and _is_finite(self.unit_price)

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price, exactly; zero where either is no finite number."""
        if self.quantity is None or self.unit_price is None or not self.is_finite:
            return exact.ZERO
        return exact.multiply(self.quantity, self.unit_price)


@dataclass(frozen=True, slots=True)
class Order:
    """An order with its total, in the currency's main unit, and its lines.

    ``id`` is the text form of the key in the shop's database.
    """

    id: str
    total: Decimal | None
    lines: tuple[OrderLine, ...]

    @classmethod
    def priced_by_lines(cls, order_id: str, lines: Iterable[OrderLine]) -> "Order":
        """Return an order of a shop that keeps no totals: its total is the sum of its lines."""
        kept = tuple(lines)
        return cls(order_id, exact.total(line.amount for line in kept), kept)

    @property
    def has_finite_numbers(self) -> bool:
        """Whether the total and every quantity and price are there and finite."""
        return _is_finite(self.total) and all(line.is_finite for line in self.lines)


def _is_finite(number: Decimal | None) -> bool:
    return number is not None and number.is_finite()


def is_blank_name(name: str | None) -> bool:
    """Say whether a name is missing: null, empty, or nothing but ASCII white space."""
    return name is None or not name.strip(_BLANKS)


def order_id_rank(order_id: str) -> tuple[int, str]:
    """Return the sort key of order ids: shorter first, then by code point.

    It puts 9 before 10, and a database can sort by it too: ``length(id), id COLLATE "C"``.
    """
    return len(order_id), order_id
