"""The statement that adds up and checks a large day in one pass, in several ranges of ids at once.

Orders with their lines are grouped twice in the same pass: by order, to hold each total against
its lines, and by name, to add up quantities. A sound order leaves the pass at once. Each range is
a branch of a UNION ALL, so that the server can give each to a process of its own. It needs ids
that are unique and sortable; the plain form needs nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.finding_bits import ONE, ZERO
from aegis_batch.adapters.outbound.postgres.line_sql import amount_to_hold, item_name, line_bits
from aegis_batch.adapters.outbound.postgres.order_extent import Extent, IdRange
from aegis_batch.adapters.outbound.postgres.order_numbers import Number, quantity_of
from aegis_batch.adapters.outbound.postgres.order_rows import (
    PART_BROKEN,
    PART_DAY,
    PART_ITEMS,
    id_as_text,
    part_of_rows,
    rank_of_id,
)
from aegis_batch.adapters.outbound.postgres.order_sql import counts, order_bits
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.placed_at import PlacedAtBounds
from aegis_batch.domain.consistency import ORDER_IDS_MAX

__all__ = ["planner_settings", "split_statement"]

# A branch takes no process more than its own, and processes cost nothing against such a day.
_SPLIT: Final = {
    "min_parallel_table_scan_size": "1TB",
    "min_parallel_index_scan_size": "1TB",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
}
# Where the ids of the day stand together, two indexes read side by side, in their order: nothing
# is sorted, hashed or kept. The planner takes the conditions on ids and on time for independent,
# so it believes in a few orders, and would choose otherwise.
_STREAMED: Final = _SPLIT | {
    "enable_hashjoin": "off",
    "enable_nestloop": "off",
    "enable_sort": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}


def planner_settings(*, streamed: bool) -> sa.Select[Any]:
    """Return the statement that prepares the planner, for this transaction alone."""
    settings = _STREAMED if streamed else _SPLIT
    return sa.select(
        *(
            sa.func.set_config(name, value, sa.true()).label(name)
            for name, value in settings.items()
        )
    )


def split_statement(
    source: OrdersSource,
    bounds: PlacedAtBounds,
    tolerance: Decimal,
    extent: Extent,
    ranges: Sequence[IdRange],
) -> sa.CompoundSelect[Any]:
    """Return one statement whose rows are the totals of a window, in parts.

    ``extent`` is the window's, of the same snapshot; the ranges hold all its ids. The columns are
    those of ``part_of_rows``. One row ``day`` has the sums. Rows of ``broken``: one for each
    combination of bits and each of its smallest ids, with the count of all of them in ``orders``.
    Rows of ``items``: one a raw name, with its quantity.
    """
    branches = [_branch(source, bounds, tolerance, ids) for ids in ranges]
    sums = sa.union_all(*branches).cte("sums")
    return sa.union_all(_day_part(extent, sums), _broken_part(sums), _items_part(sums))


def _branch(
    source: OrdersSource, bounds: PlacedAtBounds, tolerance: Decimal, ids: IdRange
) -> sa.Select[Any]:
    """Return a row for each name of a range of ids, and one for each broken order."""
    both = _grouped_twice(source, bounds, ids)
    of_lines = sa.func.coalesce(both.c.amount, ZERO)
    own = None if source.total_kind is None else Number(both.c.total, source.total_kind)
    bits = order_bits(own, of_lines, both.c.bits, both.c.lines == ZERO, tolerance)
    return sa.select(
        both.c.is_of_name,
        id_as_text(both.c.id).label("id"),
        both.c.name,
        both.c.lines,
        both.c.quantity,
        both.c.amount,
        bits.label("bits"),
    ).where(sa.or_(both.c.is_of_name == ONE, sa.not_(_is_fine(both, own, tolerance))))


def _grouped_twice(source: OrdersSource, bounds: PlacedAtBounds, ids: IdRange) -> sa.Subquery:
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    line_order_id = source.items_column("AEGIS_ITEMS_ORDER_ID")
    name = item_name(source)
    of_order = sa.and_(line_order_id == order_id, ids.hold(line_order_id))
    # The line of an order without lines is made of nulls, which are no findings.
    bits = sa.case((line_order_id.is_(None), ZERO), else_=line_bits(source))
    columns: list[sa.ColumnElement[Any]] = [
        sa.func.grouping(order_id).label("is_of_name"),
        order_id.label("id"),
        name.label("name"),
        sa.func.count(line_order_id).label("lines"),
        sa.func.sum(quantity_of(source).finite_or_zero).label("quantity"),
        sa.func.sum(amount_to_hold(source)).label("amount"),
        sa.func.bit_or(bits).label("bits"),
    ]
    if source.total_kind is not None:
        # All lines of an order carry the same.
        columns.append(sa.func.min(source.orders_column("AEGIS_ORDERS_TOTAL")).label("total"))
    return (
        sa.select(*columns)
        .select_from(source.orders.outerjoin(source.items, of_order))
        .where(counts(source, bounds), ids.hold(order_id))
        .group_by(sa.func.grouping_sets(order_id, name))
        .subquery("both")
    )


def _is_fine(both: sa.Subquery, own: Number | None, tolerance: Decimal) -> sa.ColumnElement[bool]:
    """Return the condition that an order has nothing wrong, cheaply; never null."""
    is_whole = sa.and_(both.c.bits == ZERO, both.c.lines > ZERO)
    if own is None:
        agrees = both.c.amount >= ZERO
    elif tolerance:
        apart = sa.func.abs(own.exact - both.c.amount)
        agrees = sa.and_(own.is_at_least(0), apart <= sa.literal(tolerance, sa.Numeric))
    else:
        agrees = sa.and_(own.is_at_least(0), own.exact == both.c.amount)
    return sa.func.coalesce(sa.and_(is_whole, agrees), sa.false())


def _day_part(extent: Extent, sums: sa.CTE) -> sa.Select[Any]:
    revenue: sa.ColumnElement[Any] = sa.func.coalesce(sa.func.sum(sums.c.amount), ZERO)
    if extent.revenue is not None:
        revenue = sa.literal(extent.revenue, sa.Numeric)
    columns = {
        "orders": sa.literal(extent.orders, sa.BigInteger),
        "lines": sa.func.sum(sums.c.lines),
        "amount": revenue,
    }
    return part_of_rows(PART_DAY, columns).where(sums.c.is_of_name == ONE)


def _broken_part(sums: sa.CTE) -> sa.Select[Any]:
    ranked = (
        sa.select(
            sums.c.id,
            sums.c.bits,
            sa.func.count().over(partition_by=sums.c.bits).label("orders"),
            rank_of_id(sums.c.id, sums.c.bits).label("rank"),
        )
        .where(sums.c.is_of_name == ZERO)
        .subquery("ranked")
    )
    columns = {"key": ranked.c.id, "bits": ranked.c.bits, "orders": ranked.c.orders}
    return part_of_rows(PART_BROKEN, columns).where(ranked.c.rank <= ORDER_IDS_MAX)


def _items_part(sums: sa.CTE) -> sa.Select[Any]:
    named = (
        sa.select(sums.c.name, sa.func.sum(sums.c.quantity).label("quantity"))
        .where(sums.c.is_of_name == ONE, sums.c.name.is_not(None))
        .group_by(sums.c.name)
        .subquery("named")
    )
    return part_of_rows(PART_ITEMS, {"key": named.c.name, "amount": named.c.quantity})
