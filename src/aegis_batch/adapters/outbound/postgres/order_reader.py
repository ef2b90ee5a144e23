"""Orders in PostgreSQL, added up and checked by the server in one snapshot."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from aegis_batch.adapters.outbound.postgres.catalogue import describe
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.finding_bits import FINDING_BITS
from aegis_batch.adapters.outbound.postgres.order_sql import (
    PART_DUPLICATES,
    PART_ITEMS,
    PART_ORDERS,
    plain_statement,
)
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.postgres.orders_source import find_orders
from aegis_batch.adapters.outbound.postgres.placed_at import bounds_of
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.order import is_blank_name
from aegis_batch.domain.totals import Totals, normal_name

__all__ = ["PostgresOrderReader"]


class PostgresOrderReader:
    """Reads totals, never orders: what comes over the wire grows with distinct items alone."""

    def __init__(self, database: OrdersDatabase, schema: OrdersSchema) -> None:
        """Take the database and where in it the shop keeps its orders."""
        self._database = database
        self._schema = schema
        self._names = (schema.orders_name(), schema.items_name())

    def read(self, window: Window, tolerance: Decimal) -> Reading:
        """Add up the orders of a window in one snapshot; see the port."""

        def work(snapshot: Snapshot) -> Reading:
            catalogue = describe(snapshot, self._names)
            source = find_orders(catalogue, self._schema)
            bounds = bounds_of(window, source.placed_at_kind)
            rows = snapshot.rows(plain_statement(source, bounds, tolerance))
            return Reading(catalogue.snapshot, tuple(_parts_of(rows)))

        return self._database.read(work, tables=[str(name) for name in self._names])


def _parts_of(rows: Sequence[Row[Any]]) -> Iterator[Totals]:
    """Return totals of what is added up once, and tallies of the ids that come row by row."""
    seen: set[int] = set()
    items: dict[str, Decimal] = {}
    for row in rows:
        if row.part == PART_ORDERS:
            # The sums of a combination of findings stand in each of its rows.
            yield _orders_of(row, with_sums=row.bits not in seen)
            seen.add(row.bits)
        elif row.part == PART_ITEMS and not is_blank_name(row.key):
            name = normal_name(row.key)
            items[name] = exact.add(items.get(name, exact.ZERO), Decimal(row.amount))
    yield Totals(items=items)
    yield _duplicates_of(rows)


def _orders_of(row: Row[Any], *, with_sums: bool) -> Totals:
    tally = Tally(row.orders if with_sums else 0, (row.key,))
    tallies = dict.fromkeys(_findings_in(row.bits), tally)
    if not with_sums:
        return Totals(tallies=tallies)
    return Totals(row.orders, row.lines, Decimal(row.amount), tallies=tallies)


def _findings_in(bits: int) -> Iterator[Finding]:
    for finding, bit in FINDING_BITS.items():
        is_hidden = (
            finding is Finding.QUANTITY_BELOW_ONE
            and bits & FINDING_BITS[Finding.FRACTIONAL_QUANTITY]
        )
        if bits & bit and not is_hidden:
            yield finding


def _duplicates_of(rows: Sequence[Row[Any]]) -> Totals:
    repeated = [row for row in rows if row.part == PART_DUPLICATES]
    if not repeated:
        return Totals()
    # An empty id and a missing one look alike.
    order_ids = tuple(dict.fromkeys(row.key for row in repeated))
    tally = Tally(repeated[0].orders, order_ids)
    return Totals(tallies={Finding.DUPLICATE_ORDER: tally})
