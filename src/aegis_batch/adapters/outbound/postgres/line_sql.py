"""What the lines of orders add up to, by order and by name, and what is wrong with them."""

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.finding_bits import ZERO, bit
from aegis_batch.adapters.outbound.postgres.order_numbers import Number
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.domain.consistency import Finding

__all__ = ["quantities_by_name", "sums_of_lines"]

_BLANKS = " \t\n\v\f\r"
_FIRST_NOT_BLANK = "!"
_CODE_POINTS = "C"


def sums_of_lines(source: OrdersSource, day: sa.CTE) -> sa.Subquery:
    """Return a row for each order id of the day that has lines: their count, sum and findings."""
    order_id = source.items_column("AEGIS_ITEMS_ORDER_ID")
    quantity, price = _quantity(source), _price(source)
    amount = sa.case(
        (sa.and_(quantity.is_finite, price.is_finite), quantity.exact * price.exact), else_=ZERO
    )
    return (
        sa.select(
            order_id.label("order_id"),
            sa.func.count().label("lines"),
            sa.func.bit_or(_line_bits(source)).label("bits"),
            sa.func.sum(amount).label("amount"),
        )
        .where(order_id.in_(sa.select(day.c.id)))
        .group_by(order_id)
        .subquery("sums")
    )


def _line_bits(source: OrdersSource) -> sa.ColumnElement[int]:
    quantity, price = _quantity(source), _price(source)
    name = sa.cast(source.items_column("AEGIS_ITEMS_NAME"), sa.Text)
    is_blank = sa.func.btrim(sa.func.coalesce(name, ""), _BLANKS) == sa.literal("")
    bits = (
        bit(Finding.INVALID_NUMBER, sa.not_(sa.and_(quantity.is_finite, price.is_finite)))
        + bit(Finding.FRACTIONAL_QUANTITY, quantity.is_fractional)
        + bit(Finding.QUANTITY_BELOW_ONE, quantity.is_below(1))
        + bit(Finding.NEGATIVE_PRICE, price.is_below(0))
        + bit(Finding.INVALID_NAME, is_blank)
    )
    # Nearly all lines are fine, which is cheaper to see at once than fault by fault. A name whose
    # first character is above all blanks is not blank.
    is_fine = sa.and_(
        quantity.is_at_least(1),
        sa.not_(quantity.is_fractional),
        price.is_at_least(0),
        sa.collate(name, _CODE_POINTS) >= _FIRST_NOT_BLANK,
    )
    return sa.case((is_fine, ZERO), else_=bits)


def quantities_by_name(source: OrdersSource, sold: sa.Subquery) -> sa.Subquery:
    """Return a row for each raw name in the lines of orders: ``name`` and ``quantity``."""
    # By the bytes of the name: a collation may call different names equal, and the server's
    # Unicode isn't Python's.
    name = sa.cast(source.items_column("AEGIS_ITEMS_NAME"), sa.Text)
    by_bytes = sa.collate(name, _CODE_POINTS)
    quantity = _quantity(source)
    return (
        sa.select(
            by_bytes.label("name"),
            sa.func.sum(quantity.finite_or_zero).label("quantity"),
        )
        .select_from(
            sold.join(source.items, source.items_column("AEGIS_ITEMS_ORDER_ID") == sold.c.id)
        )
        .where(name.is_not(None))
        .group_by(by_bytes)
        .subquery("named")
    )


def _quantity(source: OrdersSource) -> Number:
    return Number(source.items_column("AEGIS_ITEMS_QUANTITY"), source.quantity_kind)


def _price(source: OrdersSource) -> Number:
    return Number(source.items_column("AEGIS_ITEMS_UNIT_PRICE"), source.unit_price_kind)
