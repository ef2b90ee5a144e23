"""The statement that adds up and checks a window's orders in the server, in its plain form.

It is right whatever the ids, the indexes and the doubles are; a faster form for large days can
stand beside it, behind the same function. What the sums and checks mean is the domain's to say
(``Totals.of`` and ``findings_of``); a test holds the two together.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.finding_bits import FINDING_BITS, ONE, ZERO, bit
from aegis_batch.adapters.outbound.postgres.line_sql import quantities_by_name, sums_of_lines
from aegis_batch.adapters.outbound.postgres.order_numbers import Number
from aegis_batch.adapters.outbound.postgres.order_rows import (
    CODE_POINTS,
    PART_DUPLICATES,
    PART_ORDERS,
    id_as_text,
    items_part,
    part_of_rows,
    rank_of_id,
)
from aegis_batch.adapters.outbound.postgres.order_scope import Scope
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.tenant_column import TenantColumn
from aegis_batch.domain.consistency import ORDER_IDS_MAX, Finding

__all__ = ["is_fine", "order_bits", "orders_meant", "plain_statement"]


def plain_statement(
    source: OrdersSource, scope: Scope, tolerance: Decimal
) -> sa.CompoundSelect[Any]:
    """Return one statement whose rows are the totals of a window, in parts.

    The columns are those of ``part_of_rows``. Rows of ``orders``: one for each combination of bits
    and each of its smallest ids, the sums repeated. Rows of items are those of ``items_part``. Rows
    of ``duplicates``: the smallest ids, with the count of all of them in ``orders``. Of several
    tenants, each has such rows of its own.
    """
    orders, keys = orders_meant(source, scope), scope.keys
    # What is needed more than once is kept aside: the planner, left alone, would have each of
    # its workers add all lines up again.
    day = orders.cte("day").prefix_with("MATERIALIZED")
    judged = _judged(source, day, sums_of_lines(source, day), tolerance, keys)
    named = quantities_by_name(source, orders.subquery("sold"), keys)
    parts = [_orders_part(judged, keys), items_part(named, keys)]
    if not source.ids_are_unique:
        parts.append(_duplicates_part(source, day, keys))
    return sa.union_all(*parts)


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


def is_fine(both: sa.FromClause, own: Number | None, tolerance: Decimal) -> sa.ColumnElement[bool]:
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


def orders_meant(source: OrdersSource, scope: Scope) -> sa.Select[Any]:
    """Return the orders that are meant.

    Columns: ``id``; ``total``, where the shop keeps it; ``tenant``, where orders name it;
    ``is_shared``, where ids can be: whether an order of somebody else has the same.
    """
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    columns: list[sa.ColumnElement[Any]] = [order_id.label("id")]
    orders: sa.FromClause = source.orders
    if source.total_kind is not None:
        columns.append(source.orders_column("AEGIS_ORDERS_TOTAL").label("total"))
    if source.tenant is not None:
        columns.append(source.tenant.key.label("tenant"))
        if source.may_share_ids:
            shared = _shared_ids(source, scope, source.tenant)
            columns.append(shared.c.id.is_not(None).label("is_shared"))
            orders = orders.outerjoin(shared, shared.c.id == order_id)
    return sa.select(*columns).select_from(orders).where(scope.holds(source))


def _shared_ids(source: OrdersSource, scope: Scope, tenant: TenantColumn) -> sa.CTE:
    """Return the ids that orders of two tenants have in the window, whatever their status.

    An order of nobody has lines, too.
    """
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    name = sa.collate(sa.cast(tenant.column, sa.Text), CODE_POINTS)
    are_several = sa.func.min(name) != sa.func.max(name)
    return (
        sa.select(order_id.label("id"))
        .where(scope.is_in_window(source))
        .group_by(order_id)
        .having(sa.or_(are_several, sa.func.count(name) < sa.func.count()))
        .cte("shared")
    )


def _judged(
    source: OrdersSource,
    day: sa.CTE,
    sums: sa.Subquery,
    tolerance: Decimal,
    keys: Sequence[str],
) -> sa.Subquery:
    """Return a row for each order of the day with its counts, its total and all its findings."""
    own = None if source.total_kind is None else Number(day.c.total, source.total_kind)
    of_lines: sa.ColumnElement[Any] = sa.func.coalesce(sums.c.amount, ZERO)
    line_findings = sa.func.coalesce(sums.c.bits, ZERO)
    is_empty: sa.ColumnElement[bool] = sums.c.lines.is_(None)
    have_lines = sums.c.order_id == day.c.id
    if source.item_tenant is not None:
        have_lines = sa.and_(have_lines, sums.c.tenant == day.c.tenant)
    elif source.may_share_ids:
        # Nobody knows which lines are its own, so nothing is said of them.
        of_lines = sa.case(
            (day.c.is_shared, ZERO if own is None else own.finite_or_zero), else_=of_lines
        )
        is_empty = sa.and_(is_empty, sa.not_(day.c.is_shared))
    bits = order_bits(own, of_lines, line_findings, is_empty, tolerance)
    return (
        sa.select(
            *(day.c[key] for key in keys),
            day.c.id,
            sa.func.coalesce(sums.c.lines, ZERO).label("lines"),
            (of_lines if own is None else own.finite_or_zero).label("total"),
            bits.label("bits"),
        )
        .select_from(day.outerjoin(sums, have_lines))
        .subquery("judged")
    )


def _orders_part(judged: sa.Subquery, keys: Sequence[str]) -> sa.Select[Any]:
    # Orders with nothing wrong fall into one group, whose id nobody needs.
    broken_id = sa.case((judged.c.bits != ZERO, id_as_text(judged.c.id)))
    grouped = (
        sa.select(
            *(judged.c[key] for key in keys),
            judged.c.bits,
            broken_id.label("id"),
            sa.func.count().label("orders"),
            sa.func.sum(judged.c.lines).label("lines"),
            sa.func.sum(judged.c.total).label("total"),
        )
        .group_by(*(judged.c[key] for key in keys), judged.c.bits, broken_id)
        .subquery("grouped")
    )
    alike = [*(grouped.c[key] for key in keys), grouped.c.bits]
    ranked = sa.select(
        *alike,
        grouped.c.id,
        *(
            sa.func.sum(grouped.c[name]).over(partition_by=alike).label(name)
            for name in ("orders", "lines", "total")
        ),
        rank_of_id(grouped.c.id, alike).label("rank"),
    ).subquery("ranked")
    columns = {
        **{key: ranked.c[key] for key in keys},
        "key": ranked.c.id,
        "bits": ranked.c.bits,
        "orders": ranked.c.orders,
        "lines": ranked.c.lines,
        "amount": ranked.c.total,
    }
    return part_of_rows(PART_ORDERS, columns).where(ranked.c.rank <= ORDER_IDS_MAX)


def _duplicates_part(source: OrdersSource, day: sa.CTE, keys: Sequence[str]) -> sa.Select[Any]:
    # What is the same id is the column's type to say, as where lines are joined: 1.0 and 1.00 are.
    # An order without an id can't be told from any other, so that one is enough.
    are_too_many = sa.or_(sa.func.count() > ONE, day.c.id.is_(None))
    if source.may_share_ids:
        are_too_many = sa.or_(are_too_many, sa.func.bool_or(day.c.is_shared))
    of_whom = [day.c[key] for key in keys]
    repeated = (
        sa.select(*of_whom, sa.func.min(id_as_text(day.c.id)).label("id"))
        .group_by(*of_whom, day.c.id)
        .having(are_too_many)
        .subquery("repeated")
    )
    alike = [repeated.c[key] for key in keys]
    ranked = sa.select(
        *alike,
        repeated.c.id,
        sa.func.count().over(partition_by=alike or None).label("orders"),
        rank_of_id(repeated.c.id, alike).label("rank"),
    ).subquery("ranked_repeated")
    own = {key: ranked.c[key] for key in keys}
    columns = {**own, "key": ranked.c.id, "orders": ranked.c.orders}
    return part_of_rows(PART_DUPLICATES, columns).where(ranked.c.rank <= ORDER_IDS_MAX)
