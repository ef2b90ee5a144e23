"""The statement that adds up and checks a window's orders in the server, in its plain form.

It is right whatever the ids, the indexes and the doubles are; a faster form for large days can
stand beside it, behind the same function. What the sums and checks mean is the domain's to say
(``Totals.of`` and ``findings_of``); a test holds the two together.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from aegis_batch.adapters.outbound.postgres.finding_bits import FINDING_BITS, ZERO, bit
from aegis_batch.adapters.outbound.postgres.line_sql import quantities_by_name, sums_of_lines
from aegis_batch.adapters.outbound.postgres.order_numbers import Number
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.placed_at import PlacedAtBounds
from aegis_batch.domain.consistency import ORDER_IDS_MAX, Finding

__all__ = ["PART_DUPLICATES", "PART_ITEMS", "PART_ORDERS", "plain_statement"]

PART_ORDERS: Final = "orders"
PART_ITEMS: Final = "items"
PART_DUPLICATES: Final = "duplicates"

_COLUMN_TYPES: Final[dict[str, type[TypeEngine[Any]]]] = {
    "key": sa.Text,
    "bits": sa.Integer,
    "orders": sa.BigInteger,
    "lines": sa.BigInteger,
    "amount": sa.Text,
}
_ONE: Final = sa.literal_column("1", sa.Integer)
_CODE_POINTS = "C"


def plain_statement(
    source: OrdersSource, bounds: PlacedAtBounds, tolerance: Decimal
) -> sa.CompoundSelect[Any]:
    """Return one statement whose rows are the totals of a window, in parts.

    Columns: ``part``; ``key``, an order id or an item's name; ``bits``, findings folded into one
    number; ``orders`` and ``lines``, counts; ``amount``, a sum as text. Rows of ``orders``: one
    for each combination of bits and each of its smallest ids, the sums repeated. Rows of
    ``items``: one a raw name, with its quantity. Rows of ``duplicates``: the smallest ids, with
    the count of all of them in ``orders``.
    """
    orders = _orders(source, bounds)
    # What is needed more than once is kept aside: the planner, left alone, would have each of
    # its workers add all lines up again.
    day = orders.cte("day").prefix_with("MATERIALIZED")
    judged = _judged(source, day, sums_of_lines(source, day), tolerance)
    parts = [_orders_part(judged), _items_part(quantities_by_name(source, orders.subquery("sold")))]
    if not source.ids_are_unique:
        parts.append(_duplicates_part(day))
    return sa.union_all(*parts)


def _orders(source: OrdersSource, bounds: PlacedAtBounds) -> sa.Select[Any]:
    """Return the orders of the window: ``id`` and, where the shop keeps it, ``total``."""
    columns: list[sa.ColumnElement[Any]] = [source.orders_column("AEGIS_ORDERS_ID").label("id")]
    if source.total_kind is not None:
        columns.append(source.orders_column("AEGIS_ORDERS_TOTAL").label("total"))
    orders = sa.select(*columns).where(bounds.hold(source.orders_column("AEGIS_ORDERS_PLACED_AT")))
    if source.schema.statuses:
        status = sa.cast(source.orders_column("AEGIS_ORDERS_STATUS"), sa.Text)
        statuses = sa.literal(list(source.schema.statuses), sa.ARRAY(sa.Text))
        orders = orders.where(status == sa.any_(statuses))
    return orders


def _judged(
    source: OrdersSource, day: sa.CTE, sums: sa.Subquery, tolerance: Decimal
) -> sa.Subquery:
    """Return a row for each order of the day with its counts, its total and all its findings."""
    of_lines = sa.func.coalesce(sums.c.amount, ZERO)
    line_bits = sa.func.coalesce(sums.c.bits, ZERO)
    bits = line_bits + bit(Finding.EMPTY_ORDER, sums.c.lines.is_(None))
    if source.total_kind is None:
        total: sa.ColumnElement[Any] = of_lines
        bits += bit(Finding.NEGATIVE_TOTAL, total < ZERO)
    else:
        own = Number(day.c.total, source.total_kind)
        number: sa.ColumnElement[int] = sa.literal_column(str(FINDING_BITS[Finding.INVALID_NUMBER]))
        lines_are_finite = line_bits.bitwise_and(number) == ZERO
        apart = sa.func.abs(own.exact - of_lines) > sa.literal(tolerance, sa.Numeric)
        total = own.finite_or_zero
        bits = (
            bits
            + bit(Finding.INVALID_NUMBER, sa.and_(sa.not_(own.is_finite), lines_are_finite))
            + bit(Finding.NEGATIVE_TOTAL, own.is_below(0))
            + bit(Finding.LINE_TOTAL_MISMATCH, sa.and_(own.is_finite, lines_are_finite, apart))
        )
    return (
        sa.select(
            day.c.id,
            sa.func.coalesce(sums.c.lines, ZERO).label("lines"),
            total.label("total"),
            bits.label("bits"),
        )
        .select_from(day.outerjoin(sums, sums.c.order_id == day.c.id))
        .subquery("judged")
    )


def _orders_part(judged: sa.Subquery) -> sa.Select[Any]:
    # Orders with nothing wrong fall into one group, whose id nobody needs.
    broken_id = sa.case((judged.c.bits != ZERO, _as_text(judged.c.id)))
    grouped = (
        sa.select(
            judged.c.bits,
            broken_id.label("id"),
            sa.func.count().label("orders"),
            sa.func.sum(judged.c.lines).label("lines"),
            sa.func.sum(judged.c.total).label("total"),
        )
        .group_by(judged.c.bits, broken_id)
        .subquery("grouped")
    )
    ranked = sa.select(
        grouped.c.bits,
        grouped.c.id,
        *(
            sa.func.sum(grouped.c[name]).over(partition_by=grouped.c.bits).label(name)
            for name in ("orders", "lines", "total")
        ),
        _rank(grouped.c.id, grouped.c.bits).label("rank"),
    ).subquery("ranked")
    columns = {
        "key": ranked.c.id,
        "bits": ranked.c.bits,
        "orders": ranked.c.orders,
        "lines": ranked.c.lines,
        "amount": ranked.c.total,
    }
    return _part(PART_ORDERS, columns).where(ranked.c.rank <= ORDER_IDS_MAX)


def _items_part(named: sa.Subquery) -> sa.Select[Any]:
    return _part(PART_ITEMS, {"key": named.c.name, "amount": named.c.quantity})


def _duplicates_part(day: sa.CTE) -> sa.Select[Any]:
    # What is the same id is the column's type to say, as where lines are joined: 1.0 and 1.00 are.
    # An order without an id can't be told from any other, so that one is enough.
    repeated = (
        sa.select(sa.func.min(_as_text(day.c.id)).label("id"))
        .group_by(day.c.id)
        .having(sa.or_(sa.func.count() > _ONE, day.c.id.is_(None)))
        .subquery("repeated")
    )
    ranked = sa.select(
        repeated.c.id,
        sa.func.count().over().label("orders"),
        _rank(repeated.c.id, None).label("rank"),
    ).subquery("ranked_repeated")
    columns = {"key": ranked.c.id, "orders": ranked.c.orders}
    return _part(PART_DUPLICATES, columns).where(ranked.c.rank <= ORDER_IDS_MAX)


def _part(name: str, columns: Mapping[str, sa.ColumnElement[Any]]) -> sa.Select[Any]:
    return sa.select(
        sa.literal(name, sa.Text).label("part"),
        *(
            sa.cast(columns.get(column, sa.null()), sql_type).label(column)
            for column, sql_type in _COLUMN_TYPES.items()
        ),
    )


def _rank(
    order_id: sa.ColumnElement[Any], within: sa.ColumnElement[Any] | None
) -> sa.ColumnElement[int]:
    """Number ids as the domain ranks them: shorter ones first, then by code point."""
    by = (sa.func.length(order_id), order_id)
    return sa.func.row_number().over(partition_by=within, order_by=by)


def _as_text(order_id: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.collate(sa.func.coalesce(sa.cast(order_id, sa.Text), ""), _CODE_POINTS)
