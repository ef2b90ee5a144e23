"""What the lines of orders add up to, by order and by name, and what is wrong with them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.finding_bits import ZERO, bit
from aegis_batch.adapters.outbound.postgres.number_kinds import NumberKind
from aegis_batch.adapters.outbound.postgres.order_numbers import quantity_of, unit_price_of
from aegis_batch.adapters.outbound.postgres.order_rows import CODE_POINTS
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.domain.consistency import Finding

__all__ = ["amount_to_hold", "item_name", "line_bits", "quantities_by_name", "sums_of_lines"]

_BLANKS = " \t\n\v\f\r"
_FIRST_NOT_BLANK = "!"


def sums_of_lines(source: OrdersSource, day: sa.CTE) -> sa.Subquery:
    """Return a row for each order id of the day that has lines: their count, sum and findings.

    Where lines say whose they are, it is one for each ``tenant`` and id. Lines of an id that
    several tenants have are nobody's.
    """
    order_id = source.items_column("AEGIS_ITEMS_ORDER_ID")
    own: list[sa.ColumnElement[Any]] = [order_id.label("order_id")]
    wanted = sa.select(day.c.id)
    are_wanted = order_id.in_(wanted)
    if source.item_tenant is not None:
        own.append(source.item_tenant.key.label("tenant"))
        pair = sa.tuple_(order_id, source.item_tenant.key)
        are_wanted = pair.in_(sa.select(day.c.id, day.c.tenant))
    elif source.may_share_ids:
        are_wanted = order_id.in_(wanted.where(sa.not_(day.c.is_shared)))
    return (
        sa.select(
            *own,
            sa.func.count().label("lines"),
            sa.func.bit_or(line_bits(source)).label("bits"),
            sa.func.sum(_line_amount(source)).label("amount"),
        )
        .where(are_wanted)
        .group_by(*(column.element for column in own))
        .subquery("sums")
    )


def item_name(source: OrdersSource) -> sa.ColumnElement[str]:
    """Return the name of a line, to be compared by its bytes.

    A collation may call different names equal, and the server's Unicode isn't Python's.
    """
    name = sa.cast(source.items_column("AEGIS_ITEMS_NAME"), sa.Text)
    return sa.collate(name, CODE_POINTS)


def _line_amount(source: OrdersSource) -> sa.ColumnElement[Any]:
    """Return quantity times price, exactly; zero where one of them is no finite number."""
    quantity, price = quantity_of(source), unit_price_of(source)
    is_finite = sa.and_(quantity.is_finite, price.is_finite)
    return sa.case((is_finite, quantity.exact * price.exact), else_=ZERO)


def amount_to_hold(source: OrdersSource) -> sa.ColumnElement[Any]:
    """Return what a line adds to its order, to be held against the order's own total if it has one.

    Then it need not be a number where the quantity or the price is none: its bits tell.
    """
    quantity, price = quantity_of(source), unit_price_of(source)
    if source.total_kind is None or NumberKind.FLOAT in (quantity.kind, price.kind):
        return _line_amount(source)
    return quantity.exact * price.exact


def line_bits(source: OrdersSource) -> sa.ColumnElement[int]:
    """Return what is wrong with a line, seen by itself."""
    quantity, price, name = quantity_of(source), unit_price_of(source), item_name(source)
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
        name >= _FIRST_NOT_BLANK,
    )
    return sa.case((is_fine, ZERO), else_=bits)


def quantities_by_name(source: OrdersSource, sold: sa.Subquery, keys: Sequence[str]) -> sa.Subquery:
    """Return a row for each raw name in the lines of orders: ``name`` and ``quantity``.

    It is one for each name and each value of the columns ``keys`` of the orders.
    """
    name = item_name(source)
    are_its_lines = source.items_column("AEGIS_ITEMS_ORDER_ID") == sold.c.id
    if source.item_tenant is not None:
        are_its_lines = sa.and_(are_its_lines, source.item_tenant.key == sold.c.tenant)
    elif source.may_share_ids:
        are_its_lines = sa.and_(are_its_lines, sa.not_(sold.c.is_shared))
    of_whom = [sold.c[key] for key in keys]
    return (
        sa.select(
            *of_whom,
            name.label("name"),
            sa.func.sum(quantity_of(source).finite_or_zero).label("quantity"),
        )
        .select_from(sold.join(source.items, are_its_lines))
        .where(name.is_not(None))
        .group_by(*of_whom, name)
        .subquery("named")
    )
