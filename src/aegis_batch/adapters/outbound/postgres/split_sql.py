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
from aegis_batch.adapters.outbound.postgres.order_extent import IdRange
from aegis_batch.adapters.outbound.postgres.order_numbers import Number, quantity_of
from aegis_batch.adapters.outbound.postgres.order_rows import (
    PART_BROKEN,
    PART_DAY,
    id_as_text,
    items_part,
    part_of_rows,
    rank_of_id,
)
from aegis_batch.adapters.outbound.postgres.order_scope import Scope
from aegis_batch.adapters.outbound.postgres.order_sql import is_fine, order_bits
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
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
    source: OrdersSource, scope: Scope, tolerance: Decimal, ranges: Sequence[IdRange]
) -> sa.CompoundSelect[Any]:
    """Return one statement whose rows are the totals of a window, in parts.

    The ranges hold all ids of the window. The columns are those of ``part_of_rows``. One row
    ``day`` has what the extent's own row lacks: the number of lines, and their sum where the shop
    keeps no totals. Rows of ``broken``: one for each combination of bits and each of its smallest
    ids, with the count of all of them in ``orders``. Rows of items are those of
    ``items_part``.
    """
    branches = [_branch(source, scope, tolerance, ids) for ids in ranges]
    sums = sa.union_all(*branches).cte("sums")
    return sa.union_all(_day_part(source, sums), _broken_part(sums), _items_part(sums))


def _branch(source: OrdersSource, scope: Scope, tolerance: Decimal, ids: IdRange) -> sa.Select[Any]:
    """Return a row for each name of a range of ids, and one for each broken order."""
    both = _grouped_twice(source, scope, ids)
    of_lines = sa.func.coalesce(both.c.amount, ZERO)
    own = None if source.total_kind is None else Number(both.c.total, source.total_kind)
    bits = order_bits(own, of_lines, both.c.bits, both.c.lines == ZERO, tolerance)
    return sa.select(
        both.c.is_of_name,
        both.c.id,
        both.c.name,
        both.c.lines,
        both.c.quantity,
        both.c.amount,
        bits.label("bits"),
    ).where(sa.or_(both.c.is_of_name == ONE, sa.not_(is_fine(both, own, tolerance))))


def _grouped_twice(source: OrdersSource, scope: Scope, ids: IdRange) -> sa.Subquery:
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    line_order_id = source.items_column("AEGIS_ITEMS_ORDER_ID")
    name = item_name(source)
    of_order = sa.and_(source.is_line_of_order, ids.hold(line_order_id))
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
        .where(scope.holds(source), ids.hold(order_id))
        .group_by(sa.func.grouping_sets(order_id, name))
        .subquery("both")
    )


def _day_part(source: OrdersSource, sums: sa.CTE) -> sa.Select[Any]:
    of_lines = sa.func.coalesce(sa.func.sum(sums.c.amount), ZERO)
    columns = {
        "orders": ZERO,
        "lines": sa.func.sum(sums.c.lines),
        "amount": of_lines if source.total_kind is None else ZERO,
    }
    return part_of_rows(PART_DAY, columns).where(sums.c.is_of_name == ONE)


def _broken_part(sums: sa.CTE) -> sa.Select[Any]:
    broken = (
        sa.select(sums.c.bits, id_as_text(sums.c.id).label("id"))
        .where(sums.c.is_of_name == ZERO)
        .subquery("broken")
    )
    ranked = sa.select(
        broken.c.bits,
        broken.c.id,
        sa.func.count().over(partition_by=broken.c.bits).label("orders"),
        rank_of_id(broken.c.id, [broken.c.bits]).label("rank"),
    ).subquery("ranked")
    columns = {"key": ranked.c.id, "bits": ranked.c.bits, "orders": ranked.c.orders}
    return part_of_rows(PART_BROKEN, columns).where(ranked.c.rank <= ORDER_IDS_MAX)


def _items_part(sums: sa.CTE) -> sa.Select[Any]:
    named = (
        sa.select(sums.c.name, sa.func.sum(sums.c.quantity).label("quantity"))
        .where(sums.c.is_of_name == ONE, sums.c.name.is_not(None))
        .group_by(sums.c.name)
        .subquery("named")
    )
    return items_part(named, ())
