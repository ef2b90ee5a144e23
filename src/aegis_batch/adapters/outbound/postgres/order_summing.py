"""Which way the server adds up a day: the plain one, or faster ones for large days."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row

from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.order_extent import (
    Extent,
    can_be_split,
    extent_of,
    stand_together,
)
from aegis_batch.adapters.outbound.postgres.order_scope import Scope
from aegis_batch.adapters.outbound.postgres.order_sql import plain_statement
from aegis_batch.adapters.outbound.postgres.order_weights import Weights, weights_for
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.split_sql import planner_settings, split_statement
from aegis_batch.adapters.outbound.postgres.tenants_sql import (
    settings_for_tenants,
    tenants_statement,
)
from aegis_batch.adapters.outbound.postgres.weighed_sql import (
    memory_setting,
    sample_statement,
    weighed_statement,
)

__all__ = ["LARGE_DAY_ORDERS", "sum_up"]

# Below it what the faster ways save is less than what their questions cost (ADR 9).
LARGE_DAY_ORDERS: Final = 10_000
# As many as processes at a server with default settings that has two cores to spare.
_RANGES: Final = 2


def sum_up(
    snapshot: Snapshot,
    source: OrdersSource,
    scope: Scope,
    tolerance: Decimal,
    large_day_orders: int,
) -> Sequence[Row[Any]]:
    """Return the totals of a window as rows; every way gives the same totals.

    A table that isn't known to hold so many orders is not asked for the day's extent, so that a
    small shop's close takes one question. Of many tenants each order is looked up by itself, where
    it can be.
    """
    if scope.keys:
        if not (source.ids_are_unique and source.lines_are_indexed):
            return snapshot.rows(plain_statement(source, scope, tolerance))
        snapshot.rows(settings_for_tenants())
        return snapshot.rows(tenants_statement(source, scope, tolerance))
    if source.orders_estimated < large_day_orders or not can_be_split(source):
        return snapshot.rows(plain_statement(source, scope, tolerance))
    weights = weights_for(source, tolerance)
    extent = extent_of(snapshot, source, scope, weights)
    if extent.ids is None or extent.orders < large_day_orders:
        return snapshot.rows(plain_statement(source, scope, tolerance))
    streamed = source.lines_are_indexed and stand_together(snapshot, source, extent)
    if weights is not None and not streamed:
        rows = _proved(snapshot, source, scope, extent, weights)
        if rows:
            return rows
    snapshot.rows(planner_settings(streamed=streamed))
    ranges = extent.ids.split(_RANGES)
    return [*extent.rows, *snapshot.rows(split_statement(source, scope, tolerance, ranges))]


def _proved(
    snapshot: Snapshot,
    source: OrdersSource,
    scope: Scope,
    extent: Extent,
    weights: Weights,
) -> Sequence[Row[Any]]:
    """Return the totals of a day on which nothing is off, and else no rows."""
    if extent.weighed is None:
        return ()
    # A shop whose totals never equal the lines shouldn't pay for the proof every night.
    (sample,) = snapshot.rows(sample_statement(source, scope, weights))
    if not sample.is_sound:
        return ()
    snapshot.rows(memory_setting())
    rows = snapshot.rows(weighed_statement(source, scope, extent, weights))
    return [*extent.rows, *rows] if rows else ()
