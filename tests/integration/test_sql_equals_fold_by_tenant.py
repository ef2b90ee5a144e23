"""Orders of many tenants read at once are those of each read alone, and those in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.order_summing import LARGE_DAY_ORDERS
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.ports.order_reader import OrderReader, Reading
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Finding
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.totals import Totals
from tests.generated_orders import names
from tests.servers.postgres import Database

if TYPE_CHECKING:
    import psycopg

WINDOW = Calendar(load_zone("UTC"), "UTC").window(date(2026, 11, 21))
INSIDE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OUTSIDE = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
# The last one has never an order.
TENANTS = ("a", "A", "10", "9", "it's %s", "nobody")
_OF_THE_ORDER_ALONE = (Finding.NEGATIVE_TOTAL, Finding.INVALID_NUMBER)

_Lines = dict[tuple[str, str], tuple[OrderLine, ...]]


@dataclass(frozen=True)
class Tables:
    """How the tables keep ids apart: by a key, by the lines' own tenant, or not at all."""

    order_id: str
    large_day_orders: int = LARGE_DAY_ORDERS
    total: bool = True
    ids_are_keys: bool = False
    item_tenant: str | None = None

    @property
    def may_share_ids(self) -> bool:
        return not self.ids_are_keys and self.item_tenant is None


TABLES = {
    "keys": Tables("bigint", ids_are_keys=True),
    "keys in ranges": Tables("bigint", 1, ids_are_keys=True),
    "uuids in ranges": Tables("uuid", 1, ids_are_keys=True),
    "keys in ranges without totals": Tables("integer", 1, total=False, ids_are_keys=True),
    "tenants of lines": Tables("text", item_tenant="tenant"),
    "tenants of lines in ranges": Tables("bigint", 1, ids_are_keys=True, item_tenant="tenant"),
    "nothing": Tables("text"),
    "nothing and no totals": Tables("bigint", total=False),
}


@dataclass(frozen=True)
class Town:
    """Orders of tenants as rows: a tenant, an id, whether it is of the day, and a total."""

    orders: Sequence[tuple[str, str, bool, Decimal | None]]
    lines: Sequence[tuple[str, str, OrderLine]]


def _numbers() -> st.SearchStrategy[Decimal | None]:
    odd = st.sampled_from([None, *map(Decimal, ("NaN", "Infinity", "-1", "0", "0.5", "1e30"))])
    return odd | st.decimals(0, 50, places=2) | st.integers(1, 5).map(Decimal)


def _towns(tables: Tables) -> st.SearchStrategy[Town]:
    ids = st.integers(0, 14).map(
        lambda number: (
            f"00000000-0000-0000-0000-{number:012x}" if tables.order_id == "uuid" else str(number)
        )
    )
    tenants = st.sampled_from(TENANTS[:-1])
    name = st.none() | st.just(" ") | names()
    line = st.builds(OrderLine, name, _numbers(), _numbers())
    orders = st.tuples(tenants, ids, st.sampled_from([True, True, False]), _numbers())
    unique_by = (lambda order: order[1]) if tables.ids_are_keys else None
    return st.builds(
        Town,
        st.lists(orders, max_size=14, unique_by=unique_by),
        st.lists(st.tuples(tenants, ids, line), max_size=24),
    )


def _fill(connection: "psycopg.Connection[tuple[Any, ...]]", town: Town, key: str) -> None:
    connection.execute("TRUNCATE orders, order_items")
    cursor = connection.cursor()
    cursor.executemany(
        f"INSERT INTO orders VALUES (%s, %s::text::{key}, %s, %s)".encode(),
        [(t, k, INSIDE if inside else OUTSIDE, total) for t, k, inside, total in town.orders],
    )
    cursor.executemany(
        f"INSERT INTO order_items VALUES (%s, %s::text::{key}, %s, %s, %s)".encode(),
        [(t, k, line.name, line.quantity, line.unit_price) for t, k, line in town.lines],
    )
    connection.execute("ANALYZE orders")


def _in_memory(town: Town, tables: Tables) -> OrderReader:
    """Return a reader of the same orders, each with the lines that the tables say are its own."""
    lines: _Lines = {}
    for tenant, key, line in town.lines:
        of = (tenant if tables.item_tenant else "", key)
        lines[of] = (*lines.get(of, ()), line)
    placed = []
    for tenant, key, inside, total in town.orders:
        own = lines.get((tenant if tables.item_tenant else "", key), ())
        order = Order(key, total, own) if tables.total else Order.priced_by_lines(key, own)
        placed.append(PlacedOrder(INSIDE if inside else OUTSIDE, order, tenant=tenant))
    return InMemoryOrderReader(placed)


def _expected(town: Town, tables: Tables, tolerance: Decimal) -> Mapping[str, Totals]:
    if not tables.may_share_ids:
        return _totals(_in_memory(town, tables).read_each(TENANTS, WINDOW, tolerance))
    owners: dict[str, set[str]] = {}
    for tenant, key, inside, _ in town.orders:
        if inside:
            owners.setdefault(key, set()).add(tenant)
    shared = {key for key, tenants in owners.items() if len(tenants) > 1}
    sure = replace(town, orders=[order for order in town.orders if order[1] not in shared])
    doubtful = replace(town, orders=[o for o in town.orders if o[1] in shared], lines=())
    clear = _totals(_in_memory(sure, tables).read_each(TENANTS, WINDOW, tolerance))
    unclear = _totals(_in_memory(doubtful, tables).read_each(TENANTS, WINDOW, tolerance))
    merged = {}
    for tenant in TENANTS:
        kept = {f: t for f, t in unclear[tenant].tallies.items() if f in _OF_THE_ORDER_ALONE}
        own = [key for key in shared if tenant in owners[key]]
        merged[tenant] = Totals.sum(
            [
                clear[tenant],
                replace(unclear[tenant], tallies=kept),
                Totals.of_duplicates([*own, *own]),
            ]
        )
    return merged


def _totals(readings: Mapping[str, Reading]) -> dict[str, Totals]:
    return {tenant: Totals.sum(reading.parts) for tenant, reading in readings.items()}


@pytest.mark.parametrize("tables", TABLES.values(), ids=TABLES)
def test_any_sharding_reads_what_each_tenant_alone_and_memory_read(
    database: Database, tables: Tables
) -> None:
    schema = OrdersSchema(
        tenant="tenant", item_tenant=tables.item_tenant, total="total" if tables.total else None
    )
    reader = PostgresOrderReader(
        OrdersDatabase(parse_database_url(database.dsn())),
        schema,
        large_day_orders=tables.large_day_orders,
    )
    with database.connect() as connection:
        key = " PRIMARY KEY" * tables.ids_are_keys
        connection.execute(
            f"CREATE TABLE orders (tenant text, id {tables.order_id}{key}, created_at timestamptz,"
            f" total numeric); CREATE TABLE order_items (tenant text, order_id {tables.order_id},"
            " name text, quantity numeric, unit_price numeric);"
            "CREATE INDEX ON order_items (order_id)".encode()
        )

        @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
        @given(
            town=_towns(tables),
            order=st.permutations(TENANTS),
            size=st.integers(1, len(TENANTS)),
            tolerance=st.sampled_from([Decimal("0.00"), Decimal(5)]),
        )
        def check(town: Town, order: Sequence[str], size: int, tolerance: Decimal) -> None:
            _fill(connection, town, tables.order_id)
            expected = _expected(town, tables, tolerance)

            sharded: dict[str, Reading] = {}
            for first in range(0, len(order), size):
                sharded |= reader.read_each(order[first : first + size], WINDOW, tolerance)
            alone = {tenant: reader.read(tenant, WINDOW, tolerance) for tenant in order[:2]}

            assert _totals(sharded) == expected
            assert _totals(alone) == {tenant: expected[tenant] for tenant in alone}
            assert {t: totals.digest() for t, totals in _totals(sharded).items()} == {
                t: totals.digest() for t, totals in expected.items()
            }

        check()
