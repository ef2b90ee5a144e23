"""Reading orders from whatever tables, views, names and types a shop has."""

from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.errors import OrdersMisfit
from tests.integration.orders_shop import (
    REVENUE,
    ROWS,
    TABLES,
    open_shop,
    reader_of,
    run_sql,
    totals_of,
)
from tests.servers.postgres import Database


def test_names_that_need_quoting_are_quoted(database: Database) -> None:
    run_sql(
        database,
        'CREATE SCHEMA "my.schema"',
        'CREATE TABLE "my.schema"."Order ""2"" %s" ("Id" int, "placed at" timestamptz,'
        ' "100%" numeric, ":status" text)',
        'CREATE TABLE "my.schema"."select" ("order.id" int, "it\'s" text, "(q)" int,'
        ' "; DROP TABLE x" numeric)',
        """INSERT INTO "my.schema"."Order ""2"" %s" VALUES (1, '2026-11-21T12:00Z', 6, 'it''s')""",
        """INSERT INTO "my.schema"."select" VALUES (1, 'Soup', 2, 3)""",
    )
    schema = OrdersSchema(
        orders_table='"my.schema"."Order ""2"" %s"',
        order_id="Id",
        placed_at="placed at",
        total="100%",
        status=":status",
        statuses=("it's",),
        items_table='"my.schema".select',
        item_order_id="order.id",
        item_name="it's",
        item_quantity="(q)",
        item_unit_price="; DROP TABLE x",
    )

    read = totals_of(reader_of(database.dsn(), schema))

    assert (read.orders, read.revenue) == (1, Decimal(6))
    assert read.items == {"Soup": 2}
    assert read.tallies == {}


def test_capital_letters_count_in_names(database: Database) -> None:
    open_shop(database)

    with pytest.raises(OrdersMisfit, match=r"Orders \(AEGIS_ORDERS_TABLE\)"):
        totals_of(reader_of(database.dsn(), OrdersSchema(orders_table="Orders")))


def test_a_schema_is_looked_up_by_its_name(database: Database) -> None:
    run_sql(database, "CREATE SCHEMA sales", "SET search_path = sales;" + TABLES + ROWS)
    schema = OrdersSchema(orders_table="sales.orders", items_table="sales.order_items")

    assert totals_of(reader_of(database.dsn(), schema)).revenue == REVENUE


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_views_are_read_like_tables(database: Database, kind: str) -> None:
    open_shop(database)
    run_sql(
        database,
        f"CREATE {kind} my_orders AS SELECT id::text AS key, created_at, total FROM orders"
        " UNION ALL SELECT '2', created_at, 1 FROM orders WHERE id = 2",
        f"CREATE {kind} my_lines AS SELECT order_id::varchar(9) AS key, name, quantity::float8 AS"
        " quantity, unit_price::text::money AS unit_price FROM order_items",
    )
    schema = OrdersSchema(
        orders_table="my_orders", order_id="key", items_table="my_lines", item_order_id="key"
    )

    read = totals_of(reader_of(database.dsn(), schema))

    assert (read.orders, read.revenue) == (3, REVENUE + 1)
    # A view has no key that would keep its ids apart.
    assert read.tallies == {
        Finding.DUPLICATE_ORDER: Tally(1, ("2",)),
        Finding.LINE_TOTAL_MISMATCH: Tally(1, ("2",)),
    }


def test_a_domain_is_read_as_the_type_below_it(database: Database) -> None:
    run_sql(
        database,
        "CREATE DOMAIN amount AS numeric(12, 2) CHECK (value > -1000)",
        "CREATE DOMAIN price AS amount NOT NULL",
        "CREATE DOMAIN moment AS timestamptz",
        "CREATE DOMAIN label AS varchar(40)",
        "CREATE DOMAIN key AS bigint",
        "CREATE TABLE orders (id key PRIMARY KEY, created_at moment, total price)",
        "CREATE TABLE order_items (order_id key, name label, quantity amount, unit_price price)",
        ROWS,
    )

    read = totals_of(reader_of(database.dsn()))

    assert read.revenue == REVENUE
    assert read.items == {"Soup": 2, "Tea": 1}
    assert read.tallies == {}


def test_a_key_of_a_parent_table_does_not_keep_its_childrens_ids_apart(database: Database) -> None:
    open_shop(database)
    run_sql(
        database,
        "CREATE TABLE old_orders () INHERITS (orders)",
        "INSERT INTO old_orders SELECT * FROM orders WHERE id = 1",
    )

    read = totals_of(reader_of(database.dsn()))

    assert read.tallies == {Finding.DUPLICATE_ORDER: Tally(1, ("1",))}


@pytest.mark.parametrize(
    "index",
    [
        "CREATE UNIQUE INDEX ON orders (id, total)",
        "CREATE UNIQUE INDEX ON orders (id) WHERE total > 5",
        "CREATE UNIQUE INDEX ON orders ((id + total))",
        "CREATE INDEX ON orders (id)",
    ],
)
def test_only_a_key_on_the_id_alone_keeps_ids_apart(database: Database, index: str) -> None:
    run_sql(
        database,
        TABLES.replace("bigint PRIMARY KEY", "bigint NOT NULL").replace("REFERENCES orders", ""),
    )
    run_sql(database, ROWS, "INSERT INTO orders VALUES (1, '2026-11-21T12:00-03:00', 1)", index)

    assert Finding.DUPLICATE_ORDER in totals_of(reader_of(database.dsn())).tallies


def test_ids_that_are_missing_are_one_id_that_stands_twice(database: Database) -> None:
    run_sql(
        database,
        "CREATE TABLE orders (id int UNIQUE, created_at timestamptz, total numeric)",
        "CREATE TABLE order_items (order_id int, name text, quantity int, unit_price numeric)",
        "INSERT INTO orders VALUES (NULL, '2026-11-21T12:00Z', 0), (NULL, '2026-11-21T12:00Z', 0)",
        "INSERT INTO order_items VALUES (NULL, 'Soup', 1, 1)",
    )

    read = totals_of(reader_of(database.dsn()))

    assert read.tallies == {
        Finding.DUPLICATE_ORDER: Tally(1, ("",)),
        Finding.EMPTY_ORDER: Tally(2, ("",)),
    }


def test_a_single_order_without_an_id_is_told(database: Database) -> None:
    run_sql(
        database,
        "CREATE TABLE orders (id int UNIQUE, created_at timestamptz, total numeric)",
        "CREATE TABLE order_items (order_id int, name text, quantity int, unit_price numeric)",
        "INSERT INTO orders VALUES (NULL, '2026-11-21T12:00Z', 0)",
    )

    tallies = totals_of(reader_of(database.dsn())).tallies

    assert tallies[Finding.DUPLICATE_ORDER] == Tally(1, ("",))


def test_digits_that_a_database_hides_are_read_all_the_same(database: Database) -> None:
    run_sql(
        database,
        "CREATE TABLE orders (id int PRIMARY KEY, created_at timestamptz, total real)",
        "CREATE TABLE order_items (order_id int, name text, quantity int, unit_price float8)",
        "INSERT INTO orders VALUES (1, '2026-11-21T12:00Z', 1234567.9)",
        "INSERT INTO order_items VALUES (1, 'Soup', 1, 1234567.9)",
        f"ALTER DATABASE {database.name} SET extra_float_digits = 0",
    )

    read = totals_of(reader_of(database.dsn()))

    assert read.revenue == Decimal("1234567.9")
    assert read.tallies == {}


def test_whole_numbers_are_multiplied_without_overflow(database: Database) -> None:
    run_sql(
        database,
        "CREATE TABLE orders (id int PRIMARY KEY, created_at timestamptz, total bigint)",
        "CREATE TABLE order_items (order_id int, name text, quantity int, unit_price int)",
        "INSERT INTO orders VALUES (1, '2026-11-21T12:00Z', 9223372036854775807),"
        " (2, '2026-11-21T12:00Z', 9223372036854775807)",
        "INSERT INTO order_items VALUES (1, 'Soup', 2147483647, 2147483647)",
    )

    read = totals_of(reader_of(database.dsn()))

    assert read.revenue == 2 * 9223372036854775807
    assert read.tallies[Finding.LINE_TOTAL_MISMATCH].count == 2


def test_an_enumeration_may_be_a_status_and_a_name(database: Database) -> None:
    run_sql(
        database,
        "CREATE TYPE state AS ENUM ('open', 'paid')",
        "CREATE TYPE dish AS ENUM ('Soup', 'Tea')",
        "CREATE TABLE orders (id uuid, created_at timestamptz, total numeric, state state)",
        "CREATE TABLE order_items (order_id uuid, name dish, quantity int, unit_price numeric)",
        "INSERT INTO orders SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid,"
        " '2026-11-21T12:00Z', n, (CASE n WHEN 1 THEN 'paid' ELSE 'open' END)::state"
        " FROM generate_series(1, 2) AS n",
        "INSERT INTO order_items SELECT id, 'Tea', 1, total FROM orders",
    )
    schema = OrdersSchema(status="state", statuses=("paid", "gone"))

    read = totals_of(reader_of(database.dsn(), schema))

    assert (read.orders, read.revenue) == (1, Decimal(1))
    assert read.items == {"Tea": 1}
