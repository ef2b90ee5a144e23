"""What is wrong with lines and orders, found out by the server and folded into one number.

What each finding means is the domain's to say (``findings_of``); a test holds the two together.
"""

from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.order_numbers import (
    Number,
    quantity_of,
    unit_price_of,
)
from aegis_batch.adapters.outbound.postgres.order_rows import CODE_POINTS
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.domain.consistency import Finding

__all__ = ["FINDING_BITS", "ONE", "ZERO", "item_name", "line_amount", "line_bits", "order_bits"]

FINDING_BITS: Final = {
    Finding.INVALID_NUMBER: 1,
    Finding.FRACTIONAL_QUANTITY: 2,
    Finding.QUANTITY_BELOW_ONE: 4,
    Finding.NEGATIVE_PRICE: 8,
    Finding.INVALID_NAME: 16,
    Finding.NEGATIVE_TOTAL: 32,
    Finding.EMPTY_ORDER: 64,
    Finding.LINE_TOTAL_MISMATCH: 128,
}
# Written as they are, so that the statement can be read.
ZERO: Final = sa.literal_column("0", sa.Integer)
ONE: Final = sa.literal_column("1", sa.Integer)
_BLANKS = " \t\n\v\f\r"
_FIRST_NOT_BLANK = "!"


def item_name(source: OrdersSource) -> sa.ColumnElement[str]:
    """Return the name of a line, to be compared by its bytes.

    A collation may call different names equal, and the server's Unicode isn't Python's.
    """
    name = sa.cast(source.items_column("AEGIS_ITEMS_NAME"), sa.Text)
    return sa.collate(name, CODE_POINTS)


def line_amount(source: OrdersSource) -> sa.ColumnElement[Any]:
    """Return quantity times price, exactly; zero where one of them is no finite number."""
    quantity, price = quantity_of(source), unit_price_of(source)
    is_finite = sa.and_(quantity.is_finite, price.is_finite)
    return sa.case((is_finite, quantity.exact * price.exact), else_=ZERO)


def line_bits(source: OrdersSource) -> sa.ColumnElement[int]:
    """Return what is wrong with a line, seen by itself."""
    quantity, price, name = quantity_of(source), unit_price_of(source), item_name(source)
    is_blank = sa.func.btrim(sa.func.coalesce(name, ""), _BLANKS) == sa.literal("")
    bits = (
        _bit(Finding.INVALID_NUMBER, sa.not_(sa.and_(quantity.is_finite, price.is_finite)))
        + _bit(Finding.FRACTIONAL_QUANTITY, quantity.is_fractional)
        + _bit(Finding.QUANTITY_BELOW_ONE, quantity.is_below(1))
        + _bit(Finding.NEGATIVE_PRICE, price.is_below(0))
        + _bit(Finding.INVALID_NAME, is_blank)
    )
    # Nearly all lines are fine, which is cheaper to see at once than fault by fault. A name whose
    # first character is above all blanks is not blank.
    is_fine = sa.and_(
        quantity.is_at_least(1),
        sa.not_(quantity.is_fractional),
        price.is_at_least(0),
        name >= _FIRST_NOT_BLANK,
    )
    return sa.case((is_fine, ZERO), else_=bits)


def order_bits(
    total: Number | None,
    of_lines: sa.ColumnElement[Any],
    bits_of_lines: sa.ColumnElement[int],
    is_empty: sa.ColumnElement[bool],
    tolerance: Decimal,
) -> sa.ColumnElement[int]:
    """Return what is wrong with an order, its lines included.

    ``total`` is ``None`` where the shop keeps none; ``of_lines`` is the sum of its lines.
    """
    bits = bits_of_lines + _bit(Finding.EMPTY_ORDER, is_empty)
    if total is None:
        return bits + _bit(Finding.NEGATIVE_TOTAL, of_lines < ZERO)
    number: sa.ColumnElement[int] = sa.literal_column(str(FINDING_BITS[Finding.INVALID_NUMBER]))
    lines_are_finite = bits_of_lines.bitwise_and(number) == ZERO
    apart = sa.func.abs(total.exact - of_lines) > sa.literal(tolerance, sa.Numeric)
    return (
        bits
        + _bit(Finding.INVALID_NUMBER, sa.and_(sa.not_(total.is_finite), lines_are_finite))
        + _bit(Finding.NEGATIVE_TOTAL, total.is_below(0))
        + _bit(Finding.LINE_TOTAL_MISMATCH, sa.and_(total.is_finite, lines_are_finite, apart))
    )


def _bit(finding: Finding, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    bit = sa.literal_column(str(FINDING_BITS[finding]), sa.Integer)
    return sa.case((condition, bit), else_=ZERO)
