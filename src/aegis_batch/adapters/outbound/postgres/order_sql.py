"""The statement that adds up and checks a window's orders in the server, in its plain form.

It is right whatever the ids, the indexes and the doubles are; a faster form for large days can
stand beside it, behind the same function. What the sums and checks mean is the domain's to say
(``Totals.of`` and ``findings_of``); a test holds the two together.
"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.finding_bits import FINDING_BITS, ONE, ZERO, bit
from aegis_batch.adapters.outbound.postgres.line_sql import quantities_by_name, sums_of_lines
from aegis_batch.adapters.outbound.postgres.order_numbers import Number
from aegis_batch.adapters.outbound.postgres.order_rows import (
    PART_DUPLICATES,
    PART_ITEMS,
    PART_ORDERS,
    id_as_text,
    part_of_rows,
    rank_of_id,
)
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.placed_at import PlacedAtBounds
from aegis_batch.domain.consistency import ORDER_IDS_MAX, Finding

__all__ = ["counts", "order_bits", "plain_statement"]


def plain_statement(
    source: OrdersSource, bounds: PlacedAtBounds, tolerance: Decimal
) -> sa.CompoundSelect[Any]:
    """Return one statement whose rows are the totals of a window, in parts.

    The columns are those of ``part_of_rows``. Rows of ``orders``: one for each combination of bits
    and each of its smallest ids, the sums repeated. Rows of ``items``: one a raw name, with its
    quantity. Rows of ``duplicates``: the smallest ids, with the count of all of them in ``orders``.
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


def counts(source: OrdersSource, bounds: PlacedAtBounds) -> sa.ColumnElement[bool]:
    """Return the condition that an order is in the window and of a status that counts."""
    in_window = bounds.hold(source.orders_column("AEGIS_ORDERS_PLACED_AT"))
    if not source.schema.statuses:
        return in_window
    status = sa.cast(source.orders_column("AEGIS_ORDERS_STATUS"), sa.Text)
    statuses = sa.literal(list(source.schema.statuses), sa.ARRAY(sa.Text))
    return sa.and_(in_window, status == sa.any_(statuses))


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
    bits = bits_of_lines + bit(Finding.EMPTY_ORDER, is_empty)
    if total is None:
        return bits + bit(Finding.NEGATIVE_TOTAL, of_lines < ZERO)
    number: sa.ColumnElement[int] = sa.literal_column(str(FINDING_BITS[Finding.INVALID_NUMBER]))
    lines_are_finite = bits_of_lines.bitwise_and(number) == ZERO
    apart = sa.func.abs(total.exact - of_lines) > sa.literal(tolerance, sa.Numeric)
    return (
        bits
        + bit(Finding.INVALID_NUMBER, sa.and_(sa.not_(total.is_finite), lines_are_finite))
        + bit(Finding.NEGATIVE_TOTAL, total.is_below(0))
        + bit(Finding.LINE_TOTAL_MISMATCH, sa.and_(total.is_finite, lines_are_finite, apart))
    )


def _orders(source: OrdersSource, bounds: PlacedAtBounds) -> sa.Select[Any]:
    """Return the orders of the window: ``id`` and, where the shop keeps it, ``total``."""
    columns: list[sa.ColumnElement[Any]] = [source.orders_column("AEGIS_ORDERS_ID").label("id")]
    if source.total_kind is not None:
        columns.append(source.orders_column("AEGIS_ORDERS_TOTAL").label("total"))
    return sa.select(*columns).where(counts(source, bounds))


def _judged(
    source: OrdersSource, day: sa.CTE, sums: sa.Subquery, tolerance: Decimal
) -> sa.Subquery:
    """Return a row for each order of the day with its counts, its total and all its findings."""
    of_lines = sa.func.coalesce(sums.c.amount, ZERO)
    line_findings = sa.func.coalesce(sums.c.bits, ZERO)
    own = None if source.total_kind is None else Number(day.c.total, source.total_kind)
    bits = order_bits(own, of_lines, line_findings, sums.c.lines.is_(None), tolerance)
    return (
        sa.select(
            day.c.id,
            sa.func.coalesce(sums.c.lines, ZERO).label("lines"),
            (of_lines if own is None else own.finite_or_zero).label("total"),
            bits.label("bits"),
        )
        .select_from(day.outerjoin(sums, sums.c.order_id == day.c.id))
        .subquery("judged")
    )


def _orders_part(judged: sa.Subquery) -> sa.Select[Any]:
    # Orders with nothing wrong fall into one group, whose id nobody needs.
    broken_id = sa.case((judged.c.bits != ZERO, id_as_text(judged.c.id)))
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
        rank_of_id(grouped.c.id, grouped.c.bits).label("rank"),
    ).subquery("ranked")
    columns = {
        "key": ranked.c.id,
        "bits": ranked.c.bits,
        "orders": ranked.c.orders,
        "lines": ranked.c.lines,
        "amount": ranked.c.total,
    }
    return part_of_rows(PART_ORDERS, columns).where(ranked.c.rank <= ORDER_IDS_MAX)


def _items_part(named: sa.Subquery) -> sa.Select[Any]:
    return part_of_rows(PART_ITEMS, {"key": named.c.name, "amount": named.c.quantity})


def _duplicates_part(day: sa.CTE) -> sa.Select[Any]:
    # What is the same id is the column's type to say, as where lines are joined: 1.0 and 1.00 are.
    # An order without an id can't be told from any other, so that one is enough.
    repeated = (
        sa.select(sa.func.min(id_as_text(day.c.id)).label("id"))
        .group_by(day.c.id)
        .having(sa.or_(sa.func.count() > ONE, day.c.id.is_(None)))
        .subquery("repeated")
    )
    ranked = sa.select(
        repeated.c.id,
        sa.func.count().over().label("orders"),
        rank_of_id(repeated.c.id, None).label("rank"),
    ).subquery("ranked_repeated")
    columns = {"key": ranked.c.id, "orders": ranked.c.orders}
    return part_of_rows(PART_DUPLICATES, columns).where(ranked.c.rank <= ORDER_IDS_MAX)
