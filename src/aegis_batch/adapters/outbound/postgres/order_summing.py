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
from aegis_batch.adapters.outbound.postgres.order_sql import plain_statement
from aegis_batch.adapters.outbound.postgres.order_weights import Weights, weights_for
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.placed_at import PlacedAtBounds
from aegis_batch.adapters.outbound.postgres.split_sql import planner_settings, split_statement
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
    bounds: PlacedAtBounds,
    tolerance: Decimal,
    large_day_orders: int,
) -> Sequence[Row[Any]]:
    """Return the totals of a window as rows; every way gives the same totals.

    A table that isn't known to hold so many orders is not asked for the day's extent, so that a
    small shop's close takes one question.
    """
    if source.orders_estimated < large_day_orders or not can_be_split(source):
        return snapshot.rows(plain_statement(source, bounds, tolerance))
    weights = weights_for(source, tolerance)
    extent = extent_of(snapshot, source, bounds, weights)
    if extent.ids is None or extent.orders < large_day_orders:
        return snapshot.rows(plain_statement(source, bounds, tolerance))
    streamed = source.lines_are_indexed and stand_together(snapshot, source, extent)
    if weights is not None and not streamed:
        rows = _proved(snapshot, source, bounds, extent, weights)
        if rows:
            return rows
    snapshot.rows(planner_settings(streamed=streamed))
    ranges = extent.ids.split(_RANGES)
    return snapshot.rows(split_statement(source, bounds, tolerance, extent, ranges))


def _proved(
    snapshot: Snapshot,
    source: OrdersSource,
    bounds: PlacedAtBounds,
    extent: Extent,
    weights: Weights,
) -> Sequence[Row[Any]]:
    """Return the totals of a day on which nothing is off, and else no rows."""
    if extent.weighed is None:
        return ()
    # A shop whose totals never equal the lines shouldn't pay for the proof every night.
    (sample,) = snapshot.rows(sample_statement(source, bounds, weights))
    if not sample.is_sound:
        return ()
    snapshot.rows(memory_setting())
    return snapshot.rows(weighed_statement(source, bounds, extent, weights))
