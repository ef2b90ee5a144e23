"""How far a window's orders reach: how many, from which id to which, and what they add up to."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.types import TypeEngine

from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.finding_bits import ZERO
from aegis_batch.adapters.outbound.postgres.order_numbers import Number
from aegis_batch.adapters.outbound.postgres.order_rows import CODE_POINTS, PART_DAY, part_of_rows
from aegis_batch.adapters.outbound.postgres.order_scope import Scope
from aegis_batch.adapters.outbound.postgres.order_weights import Weights
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource

__all__ = [
    "WHOLE_IDS",
    "Extent",
    "IdRange",
    "IdType",
    "can_be_split",
    "extent_of",
    "stand_together",
]

# How many ids the range may hold for each order of the day that still counts as standing together.
_IDS_PER_ORDER_MAX = 2


@dataclass(frozen=True, slots=True)
class IdType:
    """Ids that can be counted through: whole numbers and UUIDs."""

    sql_type: TypeEngine[Any]
    to_number: Callable[[str], int]
    from_number: Callable[[int], Any]


WHOLE_IDS = IdType(sa.BigInteger(), int, int)
_UUID = IdType(sa.Uuid(), lambda text: uuid.UUID(text).int, lambda number: uuid.UUID(int=number))
_ID_TYPES = {"int2": WHOLE_IDS, "int4": WHOLE_IDS, "int8": WHOLE_IDS, "uuid": _UUID}


@dataclass(frozen=True, slots=True)
class IdRange:
    """Ids from one to another, both included."""

    id_type: IdType
    first: int
    last: int

    def hold(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Return the condition that a column's value is in the range."""
        return sa.and_(column >= self._literal(self.first), column <= self._literal(self.last))

    def split(self, parts: int) -> "tuple[IdRange, ...]":
        """Return the range in as many parts of about the same size, or in fewer if it is small."""
        size = -(-(self.last - self.first + 1) // parts)
        starts = range(self.first, self.last + 1, size)
        return tuple(
            IdRange(self.id_type, start, min(start + size - 1, self.last)) for start in starts
        )

    def _literal(self, number: int) -> sa.ColumnElement[Any]:
        return sa.literal(self.id_type.from_number(number), self.id_type.sql_type)


@dataclass(frozen=True, slots=True)
class Extent:
    """The orders of a window; no ids where there are none.

    ``rows`` are of the form of ``part_of_rows``: how many orders, and what their totals add up to,
    where the shop keeps them. ``weighed`` adds up the totals, each times the weight of its order's
    id; it is ``None`` where nobody asked, or a total is missing, below zero or not finite.
    ``free_orders`` are those whose total is zero.
    """

    rows: Sequence[Row[Any]]
    orders: int
    ids: IdRange | None
    weighed: Decimal | None
    free_orders: int


def can_be_split(source: OrdersSource) -> bool:
    """Say whether a window's ids can be told apart, counted through and cut into ranges."""
    types = [_ID_TYPES.get(name) for name in (source.id_type, source.item_id_type)]
    return source.ids_are_unique and types[0] is not None and types[0] is types[1]


def extent_of(
    snapshot: Snapshot, source: OrdersSource, scope: Scope, weights: Weights | None
) -> Extent:
    """Ask for the extent of a window's orders, whose ids can be split."""
    ids = _ID_TYPES[source.id_type]
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    # Not every server has a smallest UUID, but their text sorts as they do.
    sortable = order_id if ids is WHOLE_IDS else sa.collate(sa.cast(order_id, sa.Text), CODE_POINTS)
    total: sa.ColumnElement[Any] = ZERO
    weighed: sa.ColumnElement[Any] = sa.null()
    free_orders: sa.ColumnElement[Any] = ZERO
    if source.total_kind is not None:
        own = Number(source.orders_column("AEGIS_ORDERS_TOTAL"), source.total_kind)
        total = sa.func.coalesce(sa.func.sum(own.finite_or_zero), ZERO)
        if weights is not None:
            are_fine = sa.func.bool_and(own.is_at_least(0))
            weighed = sa.case((are_fine, sa.func.sum(weights.of(order_id) * own.exact)))
            free_orders = sa.func.count().filter(own.exact == ZERO)
    day = {"orders": sa.func.count(), "lines": ZERO, "amount": total}
    rows = snapshot.rows(
        part_of_rows(PART_DAY, day)
        .add_columns(
            sa.cast(sa.func.min(sortable), sa.Text).label("first"),
            sa.cast(sa.func.max(sortable), sa.Text).label("last"),
            sa.cast(weighed, sa.Text).label("weighed"),
            free_orders.label("free_orders"),
        )
        .select_from(source.orders)
        .where(scope.holds(source))
    )
    (row,) = rows
    return Extent(
        rows=rows,
        orders=row.orders,
        ids=IdRange(ids, ids.to_number(row.first), ids.to_number(row.last)) if row.orders else None,
        weighed=None if row.weighed is None else Decimal(row.weighed),
        free_orders=row.free_orders,
    )


def stand_together(snapshot: Snapshot, source: OrdersSource, extent: Extent) -> bool:
    """Say whether the ids of a window's orders have few others between them.

    So it is where ids grow with time; where they are random, it asks for a bounded number of ids.
    """
    if extent.ids is None:
        return True
    ids_max = _IDS_PER_ORDER_MAX * extent.orders
    if extent.ids.last - extent.ids.first < ids_max:
        return True
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    some = sa.select(order_id).where(extent.ids.hold(order_id)).limit(ids_max + 1).subquery("some")
    (row,) = snapshot.rows(sa.select(sa.func.count().label("ids")).select_from(some))
    return bool(row.ids <= ids_max)
