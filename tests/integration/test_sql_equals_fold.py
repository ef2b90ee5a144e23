"""The sums and checks of the server equal the fold in Python, whatever the orders hold."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import ORDER_IDS_MAX, Finding, Tally
from aegis_batch.domain.order import Order, OrderLine, order_id_rank
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals
from tests.integration.generated_shops import COLUMNS, KEYED, Columns, Shop, shops
from tests.servers.postgres import Database

if TYPE_CHECKING:
    import psycopg

WINDOW = Calendar(load_zone("UTC"), "UTC").window(date(2026, 11, 21))
INSIDE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OUTSIDE = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


_PREPARATIONS = {"citext": "CREATE EXTENSION citext"}


class Server:
    """One database that each example fills anew."""

    def __init__(
        self, connection: "psycopg.Connection[tuple[Any, ...]]", dsn: str, columns: Columns
    ) -> None:
        self._connection = connection
        self._columns = columns
        total = None if columns.total is None else "total"
        orders = OrdersDatabase(parse_database_url(dsn))
        schema = OrdersSchema(total=total)
        self._reader = PostgresOrderReader(orders, schema)
        self._reader_in_ranges = PostgresOrderReader(orders, schema, large_day_orders=1)
        connection.execute(_PREPARATIONS.get(columns.order_id, "").encode())
        stored_total = columns.total or "numeric"
        connection.execute(
            f"CREATE TABLE orders (id {columns.order_id}, created_at timestamptz,"
            f" total {stored_total});"
            f"CREATE TABLE order_items (order_id {columns.order_id}, name text,"
            f" quantity {columns.quantity}, unit_price {columns.price})".encode()
        )
        if columns.ids_are_keys:
            connection.execute("ALTER TABLE orders ADD PRIMARY KEY (id)")
            connection.execute("CREATE INDEX ON order_items (order_id)")

    def fill(self, shop: Shop) -> None:
        """Replace all rows by a shop's."""
        columns = self._columns
        self._connection.execute("TRUNCATE orders, order_items")
        cursor = self._connection.cursor()
        cursor.executemany(
            f"INSERT INTO orders VALUES (%s::text::{columns.order_id}, %s,"
            f" {_cast(columns.total or 'numeric')})".encode(),
            [(key, INSIDE if inside else OUTSIDE, total) for key, inside, total in shop.orders],
        )
        cursor.executemany(
            f"INSERT INTO order_items VALUES (%s::text::{columns.order_id}, %s,"
            f" {_cast(columns.quantity)}, {_cast(columns.price)})".encode(),
            shop.lines,
        )
        # Without it the server doesn't know how many orders there are.
        self._connection.execute("ANALYZE orders")

    def sums(self, tolerance: Decimal) -> Totals:
        """Let the server add up."""
        return Totals.sum(self._reader.read(SINGLE, WINDOW, tolerance).parts)

    def sums_in_ranges(self, tolerance: Decimal) -> Totals:
        """Let the server add up as it does on large days."""
        return Totals.sum(self._reader_in_ranges.read(SINGLE, WINDOW, tolerance).parts)

    def fold(self, tolerance: Decimal) -> Totals:
        """Read the rows back, one by one and as text, and fold them here."""
        rows = {place: order for place, placed_at, order in self._orders() if placed_at == INSIDE}
        parts = [Totals.of(order, tolerance) for order in rows.values()]
        return Totals.sum([*parts, self._duplicates({p: order.id for p, order in rows.items()})])

    def _orders(self) -> Iterator[tuple[str, datetime, Order]]:
        """Return each order with the place of its row, and the lines whose id equals its own."""
        columns = self._columns
        lines: dict[str, list[OrderLine]] = {}
        for place, name, quantity, price in self._connection.execute(
            f"SELECT orders.ctid::text, name, {_plain('quantity', columns.quantity)},"
            f" {_plain('unit_price', columns.price)}"
            " FROM orders JOIN order_items ON orders.id = order_items.order_id".encode()
        ):
            lines.setdefault(place, []).append(OrderLine(name, _number(quantity), _number(price)))
        for place, key, placed_at, total in self._connection.execute(
            "SELECT ctid::text, id::text, created_at,"
            f" {_plain('total', columns.total or 'numeric')} FROM orders".encode()
        ):
            own = tuple(lines.get(place, ()))
            if columns.total is None:
                yield place, placed_at, Order.priced_by_lines(key or "", own)
            else:
                yield place, placed_at, Order(key or "", _number(total), own)

    def _duplicates(self, ids: dict[str, str]) -> Totals:
        """Return the tally of ids that equal another's, and of those that are missing."""
        groups: dict[str, set[str]] = {}
        for place, other in self._connection.execute(
            b"SELECT a.ctid::text, b.ctid::text FROM orders AS a JOIN orders AS b"
            b" ON a.id = b.id OR a.id IS NULL AND b.id IS NULL"
        ):
            if place in ids and other in ids:
                groups.setdefault(place, set()).add(other)
        nameless = {
            place
            for (place,) in self._connection.execute(
                b"SELECT ctid::text FROM orders WHERE id IS NULL"
            )
        }
        repeated = {frozenset(g) for g in groups.values() if len(g) > 1 or g & nameless}
        if not repeated:
            return Totals()
        shown = {min(ids[place] for place in group) for group in repeated}
        smallest = tuple(sorted(shown, key=order_id_rank)[:ORDER_IDS_MAX])
        return Totals(tallies={Finding.DUPLICATE_ORDER: Tally(len(repeated), smallest)})


def _cast(sql_type: str) -> str:
    return "%s::text::numeric::money" if sql_type == "money" else f"%s::text::{sql_type}"


def _plain(column: str, sql_type: str) -> str:
    return f"{column}::numeric::text" if sql_type == "money" else f"{column}::text"


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize("columns", COLUMNS + KEYED, ids=lambda columns: f"{columns}")
def test_the_sum_in_sql_equals_the_fold_in_python(database: Database, columns: Columns) -> None:
    with database.connect() as connection:
        server = Server(connection, database.dsn(), columns)

        @settings(
            max_examples=40,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(
            shop=shops(columns),
            tolerance=st.sampled_from([Decimal("0.00"), Decimal("0.05"), Decimal(5)]),
        )
        @example(shop=Shop([], []), tolerance=Decimal("0.00"))
        def check(shop: Shop, tolerance: Decimal) -> None:
            server.fill(shop)
            summed, folded = server.sums(tolerance), server.fold(tolerance)
            assert summed == folded
            assert summed.digest() == folded.digest()
            if columns.ids_are_keys:
                assert server.sums_in_ranges(tolerance) == folded

        check()
