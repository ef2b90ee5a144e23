"""Orders in PostgreSQL, added up and checked by the server in one snapshot."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from aegis_batch.adapters.outbound.postgres.catalogue import describe
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.finding_bits import FINDING_BITS
from aegis_batch.adapters.outbound.postgres.order_rows import (
    PART_BROKEN,
    PART_DAY,
    PART_DUPLICATES,
    PART_ITEM_LISTS,
    PART_ITEMS,
    PART_ORDERS,
)
from aegis_batch.adapters.outbound.postgres.order_scope import Scope
from aegis_batch.adapters.outbound.postgres.order_summing import LARGE_DAY_ORDERS, sum_up
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.postgres.orders_source import find_orders
from aegis_batch.adapters.outbound.postgres.placed_at import bounds_of
from aegis_batch.application.ports.order_reader import Reading, each_once
from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.order import is_blank_name
from aegis_batch.domain.totals import Totals, normal_name

__all__ = ["STATEMENTS_MAX", "PostgresOrderReader"]

# The catalogue; of a large day its extent, how its ids stand, the planner's settings; the sums.
STATEMENTS_MAX = 5


class PostgresOrderReader:
    """Reads totals, never orders: what comes over the wire grows with distinct items alone."""

    def __init__(
        self,
        database: OrdersDatabase,
        schema: OrdersSchema,
        *,
        large_day_orders: int = LARGE_DAY_ORDERS,
    ) -> None:
        """Take the database and where in it the shop keeps its orders.

        A day of ``large_day_orders`` or more is added up in ranges of ids, where ids allow it.
        """
        self._large_day_orders = large_day_orders
        self._database = database
        self._schema = schema
        self._names = (schema.orders_name(), schema.items_name())

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Add up a tenant's orders of a window in one snapshot; see the port."""
        return self.read_each((tenant,), window, tolerance)[tenant]

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Add up the orders of each tenant in one scan of one snapshot; see the port."""
        asked = each_once(tenants)
        if not asked:
            return {}
        is_named = self._schema.tenant is not None
        if len(asked) > 1 and not is_named:
            raise ValueError("without AEGIS_ORDERS_TENANT all orders are one tenant's")

        def work(snapshot: Snapshot) -> Mapping[str, Reading]:
            catalogue = describe(snapshot, self._names)
            source = find_orders(catalogue, self._schema)
            scope = Scope(bounds_of(window, source.placed_at_kind), asked if is_named else ())
            rows = sum_up(snapshot, source, scope, tolerance, self._large_day_orders)
            return {
                tenant: Reading(catalogue.snapshot, tuple(_parts_of(own)))
                for tenant, own in _dealt(rows, asked).items()
            }

        return self._database.read(work, tables=[str(name) for name in self._names])


def _dealt(rows: Iterable[Row[Any]], asked: Sequence[str]) -> Mapping[str, Sequence[Row[Any]]]:
    """Return the rows of each tenant; where one alone was asked for, all are its own."""
    dealt: dict[str, list[Row[Any]]] = {tenant: [] for tenant in asked}
    for row in rows:
        dealt[asked[0] if len(asked) == 1 else row.tenant].append(row)
    return dealt


def _parts_of(rows: Sequence[Row[Any]]) -> Iterator[Totals]:
    """Return totals of what is added up once, and tallies of the ids that come row by row."""
    seen: set[int] = set()
    items: dict[str, Decimal] = {}
    for row in rows:
        if row.part == PART_ORDERS:
            # The sums of a combination of findings stand in each of its rows.
            tallies = _tallies_of(row, is_first=row.bits not in seen)
            yield _sums_of(row, tallies) if row.bits not in seen else Totals(tallies=tallies)
            seen.add(row.bits)
        elif row.part == PART_BROKEN:
            yield Totals(tallies=_tallies_of(row, is_first=row.bits not in seen))
            seen.add(row.bits)
        elif row.part == PART_DAY:
            yield _sums_of(row, {})
        elif row.part == PART_ITEMS:
            _add_items(items, (row.key,), (row.amount,))
        elif row.part == PART_ITEM_LISTS:
            _add_items(items, json.loads(row.key), json.loads(row.amount))
    yield Totals(items=items)
    yield _duplicates_of(rows)


def _add_items(
    items: dict[str, Decimal], names: Sequence[str | None], amounts: Sequence[str]
) -> None:
    """Add quantities by raw names, all of them different, to those by normal names."""
    for raw, amount in zip(names, amounts, strict=True):
        if raw is None or is_blank_name(raw):
            continue
        name, quantity = normal_name(raw), Decimal(amount)
        # Hardly ever are two of the normal ones alike.
        items[name] = exact.add(items[name], quantity) if name in items else quantity


def _sums_of(row: Row[Any], tallies: Mapping[Finding, Tally]) -> Totals:
    return Totals(row.orders, row.lines, Decimal(row.amount), tallies=tallies)


def _tallies_of(row: Row[Any], *, is_first: bool) -> dict[Finding, Tally]:
    """Return tallies of one id; the count of all stands in each row of a combination."""
    tally = Tally(row.orders if is_first else 0, (row.key,))
    return dict.fromkeys(_findings_in(row.bits), tally)


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
