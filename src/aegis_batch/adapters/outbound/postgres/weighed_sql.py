"""The statement that proves a large day of scattered ids sound, without adding up any one order.

Adding up by order makes a group of each of a million orders, and no parallel plan. So each order's
id is hashed to a weight, with a number that nobody knew before. The totals of all orders, each
times the weight of its order, are then held against the amounts of all lines, each times the
weight of its line's order. Where any order differs from its lines, the two sums are equal by a
chance of one in 2**64, as far as the hashes can't be told from random numbers. That much the server
does in the same parallel pass that adds up quantities by name.

It says that something is off, not what: then the split form has to find it.
"""

from typing import Any, Final

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.finding_bits import ZERO
from aegis_batch.adapters.outbound.postgres.line_sql import amount_to_hold, item_name, line_bits
from aegis_batch.adapters.outbound.postgres.order_extent import Extent
from aegis_batch.adapters.outbound.postgres.order_numbers import quantity_of
from aegis_batch.adapters.outbound.postgres.order_rows import PART_DAY, PART_ITEMS, part_of_rows
from aegis_batch.adapters.outbound.postgres.order_scope import Scope
from aegis_batch.adapters.outbound.postgres.order_weights import Weights
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource

__all__ = ["memory_setting", "sample_statement", "weighed_statement"]

# Of a shop whose totals differ from the lines in one order of twenty, all but one day in a
# hundred show it in so many orders.
_SAMPLE_ORDERS: Final = 100
# Less than the default, so that the part of the ids that lines are being looked up in stays in
# the processor's cache (ADR 9).
_MEMORY: Final = "1MB"


def memory_setting() -> sa.Select[Any]:
    """Return the statement that sets the memory of the pass, for this transaction alone."""
    return sa.select(sa.func.set_config("work_mem", _MEMORY, sa.true()).label("work_mem"))


def sample_statement(source: OrdersSource, scope: Scope, weights: Weights) -> sa.Select[Any]:
    """Return a statement of one row, ``is_sound``: whether a few orders equal their lines."""
    line_order_id = source.items_column("AEGIS_ITEMS_ORDER_ID")
    some = (
        sa.select(
            source.orders_column("AEGIS_ORDERS_ID").label("id"), weights.total.exact.label("total")
        )
        .where(scope.holds(source))
        # So that an index on time leads there: the planner, left alone, might read all before it.
        .order_by(source.orders_column("AEGIS_ORDERS_PLACED_AT"))
        .limit(_SAMPLE_ORDERS)
        .subquery("some")
    )
    of_lines = (
        sa.select(sa.func.sum(amount_to_hold(source)))
        .where(line_order_id == some.c.id)
        .scalar_subquery()
    )
    agrees = sa.func.coalesce(some.c.total == of_lines, sa.false())
    return sa.select(sa.func.bool_and(agrees).label("is_sound")).select_from(some)


def weighed_statement(
    source: OrdersSource, scope: Scope, extent: Extent, weights: Weights
) -> sa.CompoundSelect[Any]:
    """Return one statement whose rows are the totals of a window, or none if anything is off.

    ``extent`` is the window's, of the same snapshot and with the same weights. The columns are
    those of ``part_of_rows``: one row ``day`` has the number of lines, what the extent's own row
    lacks; rows of ``items`` have the quantity of one raw name each.
    """
    sold = _sold(source, scope, weights)
    is_sound = _is_sound(extent, sold)
    if extent.free_orders:
        # To the sums, an order that costs nothing is the same with lines and without.
        is_sound = sa.and_(is_sound, sa.not_(_is_any_free_order_empty(source, scope, weights)))
    day = {
        "orders": ZERO,
        "lines": sa.select(sa.func.sum(sold.c.lines)).scalar_subquery(),
        "amount": ZERO,
    }
    items = part_of_rows(PART_ITEMS, {"key": sold.c.name, "amount": sold.c.quantity})
    return sa.union_all(
        part_of_rows(PART_DAY, day).where(is_sound),
        items.select_from(sold).where(is_sound),
    )


def _sold(source: OrdersSource, scope: Scope, weights: Weights) -> sa.CTE:
    """Return a row for each raw name in the lines of the window."""
    line_order_id = source.items_column("AEGIS_ITEMS_ORDER_ID")
    name = item_name(source)
    of_order = line_order_id == source.orders_column("AEGIS_ORDERS_ID")
    weighed = weights.of(line_order_id) * amount_to_hold(source)
    return (
        sa.select(
            name.label("name"),
            sa.func.count().label("lines"),
            sa.func.sum(quantity_of(source).finite_or_zero).label("quantity"),
            sa.func.sum(weighed).label("weighed"),
            sa.func.bit_or(line_bits(source)).label("bits"),
        )
        .select_from(source.orders.join(source.items, of_order))
        .where(scope.holds(source))
        .group_by(name)
        .cte("sold")
    )


def _is_sound(extent: Extent, sold: sa.CTE) -> sa.ColumnElement[bool]:
    """Return the condition that no line has a finding, and all orders equal their lines."""
    weighed = sa.literal(extent.weighed, sa.Numeric)
    return sa.select(
        sa.and_(sa.func.bit_or(sold.c.bits) == ZERO, sa.func.sum(sold.c.weighed) == weighed)
    ).scalar_subquery()


def _is_any_free_order_empty(
    source: OrdersSource, scope: Scope, weights: Weights
) -> sa.ColumnElement[bool]:
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    is_of_order = source.items_column("AEGIS_ITEMS_ORDER_ID") == order_id
    its_lines = sa.exists().select_from(source.items).where(is_of_order)
    is_empty = sa.and_(scope.holds(source), weights.total.exact == ZERO, sa.not_(its_lines))
    return sa.exists().select_from(source.orders).where(is_empty)
