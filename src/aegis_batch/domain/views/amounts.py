"""How a shop's prices, discounts and totals become amounts in the currency's main unit, in SQL."""

from dataclasses import dataclass

from aegis_batch.domain.identifiers import quoted, quoted_path
from aegis_batch.domain.views.meanings import (
    discount_of,
    is_in_cents,
    line_total_of,
    order_total_of,
    unit_price_of,
)
from aegis_batch.domain.views.shapes import ColumnShape, ValueKind
from aegis_batch.domain.views.sources import Sources
from aegis_batch.domain.views.words import words_of

__all__ = ["Amounts", "Expression", "amounts_of", "lines_from"]

_FRACTION_DIGITS_MAX = 1
_PERCENT = frozenset({"percent", "percentage", "pct", "percentual"})
_FRACTION = frozenset({"fraction", "rate", "ratio"})
_AMOUNT = frozenset({"amount", "valor", "value", "cent", "centavo", "minor"})
_OF_UNIT = frozenset({"unit", "each", "unitario"})


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of SQL, and what was guessed in it."""

    sql: str
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amounts:
    """The expressions of amounts: of one unit, and of an order; ``None`` where it keeps no total.

    ``is_inexact`` says that lines can miss their order's total by the last digits of a division.
    """

    unit_price: Expression
    total: Expression | None
    is_inexact: bool = False


class _Money:
    """Reads columns of money, and keeps what had to be guessed about them."""

    def __init__(self, *, wholes_are_cents: bool) -> None:
        self._wholes_are_cents = wholes_are_cents
        self.guesses: list[str] = []

    def read(self, alias: str, column: ColumnShape) -> str:
        """Return a column as an exact number in the currency's main unit."""
        name = f"{alias}.{quoted(column.name)}"
        if column.kind is ValueKind.FLOAT:
            name = f"{name}::text::numeric"
        elif column.kind is ValueKind.MONEY:
            name = f"{name}::numeric"
        if is_in_cents(column):
            return f"{name} * 0.01"
        if column.kind is ValueKind.WHOLE and self._wholes_are_cents:
            self.guesses.append(f"{quoted(column.name)} is whole, so it is taken for cents")
            return f"{name} * 0.01"
        return name


@dataclass(frozen=True, slots=True)
class _Price:
    """The price of a unit, and the amount of its line where that is not exactly their product."""

    of_unit: str
    of_line: str | None = None


def amounts_of(sources: Sources) -> Amounts:
    """Return the amounts of an order, called ``o``, and of a unit; see also ``lines_from``."""
    wholes_are_cents = _wholes_are_cents(sources)
    of_lines = _Money(wholes_are_cents=wholes_are_cents)
    price = _price(sources, of_lines)
    of_orders = _Money(wholes_are_cents=wholes_are_cents)
    column = order_total_of(sources.orders)
    total: Expression | None = None
    if column is not None:
        sql = of_orders.read("o", column)
        total = Expression(sql, tuple(of_orders.guesses))
    elif price.of_line is not None:
        # Added up before any division, so that no cent is lost.
        order_id = f"i.{quoted(sources.reference.column)} = o.{quoted(sources.reference.to_column)}"
        lines = f"SELECT sum({price.of_line}) FROM {lines_from(sources)} WHERE {order_id}"  # noqa: S608
        total = Expression(f"coalesce(({lines}), 0)")
    unit_price = Expression(price.of_unit, tuple(of_lines.guesses))
    discount = discount_of(sources.orders)
    if discount is not None:
        name = f"the discount of a whole order, {quoted(discount.name)},"
        if column is not None and total is not None:
            total = _also(total, f"{name} is taken to be off the total already, and off no line")
        elif total is not None:
            total = _also(total, f"{name} is not taken off")
        else:
            unit_price = _also(unit_price, f"{name} is not taken off")
    return Amounts(unit_price, total, price.of_line is not None)


def _also(expression: Expression, guess: str) -> Expression:
    return Expression(expression.sql, (*expression.guesses, guess))


def lines_from(sources: Sources) -> str:
    """Return what lines are read from: the lines as ``i``, joined to their products as ``p``."""
    items = f"{quoted_path(*sources.items.path)} AS i"
    if sources.products is None:
        return items
    reference = sources.products.reference
    return (
        f"{items} LEFT JOIN {quoted_path(*sources.products.table.path)} AS p"
        f" ON p.{quoted(reference.to_column)} = i.{quoted(reference.column)}"
    )


def _wholes_are_cents(sources: Sources) -> bool:
    """Say whether no column of money has room for cents, so that whole numbers must be cents."""
    products = None if sources.products is None else sources.products.table
    columns = [
        unit_price_of(sources.items) or line_total_of(sources.items),
        order_total_of(sources.orders),
        None if products is None else unit_price_of(products),
    ]
    return {column.kind for column in columns if column is not None} == {ValueKind.WHOLE}


def _price(sources: Sources, money: _Money) -> _Price:
    own, of_line = unit_price_of(sources.items), line_total_of(sources.items)
    quantity = f"i.{quoted(sources.quantity.name)}"
    if own is None and of_line is not None:
        money.guesses.append(f"{quoted(of_line.name)} is taken for the amount of the whole line")
        amount = money.read("i", of_line)
        return _Price(f"({amount}) / nullif({quantity}, 0)", amount)
    if own is not None:
        price = money.read("i", own)
    else:
        assert sources.products is not None  # noqa: S101 - sources without any price are none
        of_product = unit_price_of(sources.products.table)
        assert of_product is not None  # noqa: S101 - as before
        money.guesses.append("lines keep no price: it is the product's of today, for past days too")
        price = money.read("p", of_product)
    discount = discount_of(sources.items)
    return _Price(price) if discount is None else _discounted(price, quantity, discount, money)


def _discounted(price: str, quantity: str, discount: ColumnShape, money: _Money) -> _Price:
    name = quoted(discount.name)
    words = words_of(discount.name)
    share = f"i.{name}::text::numeric" if discount.kind is ValueKind.FLOAT else f"i.{name}"
    if not words.isdisjoint(_PERCENT):
        money.guesses.append(f"{name} is taken for percent of the price")
        return _Price(f"{price} * (1 - coalesce({share}, 0) * 0.01)")
    is_amount = not words.isdisjoint(_AMOUNT)
    if not is_amount and (not words.isdisjoint(_FRACTION) or _holds_fractions(discount)):
        money.guesses.append(f"{name} is taken for a fraction of the price, from 0 to 1")
        return _Price(f"{price} * (1 - coalesce({share}, 0))")
    if not words.isdisjoint(_OF_UNIT):
        money.guesses.append(f"{name} is taken for an amount off each unit")
        return _Price(f"{price} - coalesce({money.read('i', discount)}, 0)")
    money.guesses.append(f"{name} is taken for an amount off the whole line")
    off = f"coalesce({money.read('i', discount)}, 0)"
    return _Price(f"{price} - {off} / nullif({quantity}, 0)", f"{quantity} * {price} - {off}")


def _holds_fractions(discount: ColumnShape) -> bool:
    """Say whether a type has room for a fraction and none for an amount, such as numeric(4, 3)."""
    if discount.kind is ValueKind.FLOAT:
        return True
    if discount.precision is None or discount.scale is None:
        return False
    return discount.precision - discount.scale <= _FRACTION_DIGITS_MAX
