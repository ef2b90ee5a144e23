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
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.totals import Totals
from tests.integration.generated_shops import COLUMNS, KEYED, Columns, Shop, shops
from tests.servers.postgres import Database

if TYPE_CHECKING:
    import psycopg

WINDOW = Calendar(load_zone("UTC"), "UTC").window(date(2026, 11, 21))
INSIDE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OUTSIDE = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


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
        return Totals.sum(self._reader.read(WINDOW, tolerance).parts)

    def sums_in_ranges(self, tolerance: Decimal) -> Totals:
        """Let the server add up as it does on large days."""
        return Totals.sum(self._reader_in_ranges.read(WINDOW, tolerance).parts)

    def fold(self, tolerance: Decimal) -> Totals:
        """Read the rows back, one by one and as text, and fold them here."""
        orders = list(self._orders())
        parts = [Totals.of(order, tolerance) for order in orders]
        return Totals.sum([*parts, Totals.of_duplicates(order.id for order in orders)])

    def _orders(self) -> Iterator[Order]:
        columns = self._columns
        lines: dict[str | None, list[OrderLine]] = {}
        for key, name, quantity, price in self._connection.execute(
            f"SELECT order_id::text, name, {_plain('quantity', columns.quantity)},"
            f" {_plain('unit_price', columns.price)} FROM order_items".encode()
        ):
            lines.setdefault(key, []).append(OrderLine(name, _number(quantity), _number(price)))
        lines.pop(None, None)
        for key, placed_at, total in self._connection.execute(
            "SELECT id::text, created_at,"
            f" {_plain('total', columns.total or 'numeric')} FROM orders".encode()
        ):
            own = tuple(lines.get(key, ()))
            if placed_at != INSIDE:
                continue
            if columns.total is None:
                yield Order.priced_by_lines(key or "", own)
            else:
                yield Order(key or "", _number(total), own)


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
            max_examples=60,
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
