"""Reading the orders of tenants from columns of any type, and where ids don't keep them apart."""

import uuid
from collections.abc import Mapping
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.errors import InvalidRequest, OrdersMisfit
from aegis_batch.domain.totals import Totals
from tests.integration.orders_shop import (
    REVENUE,
    open_shop,
    reader_of,
    refusal,
    run_sql,
    window,
)
from tests.servers.postgres import Database

CENTS = Decimal("0.00")
TENANTS = OrdersSchema(tenant="shop")
BOTH = OrdersSchema(tenant="shop", item_tenant="shop")
FIRST, SECOND = (str(uuid.UUID(int=number)) for number in (1, 2**127))


def open_town(database: Database, of_orders: str, of_lines: str, ids: tuple[str, str]) -> None:
    """Create tables in which two tenants have an order each, of the same id, and nobody a third."""
    first, second = ids
    run_sql(
        database,
        f"CREATE TABLE orders (id text, shop {of_orders}, created_at timestamptz, total numeric)",
        f"CREATE TABLE order_items (order_id text, shop {of_lines}, name text, quantity int,"
        " unit_price numeric)",
        f"INSERT INTO orders VALUES ('1', '{first}', '2026-11-21T12:00Z', 2),"
        f" ('1', '{second}', '2026-11-21T12:00Z', 3), ('2', NULL, '2026-11-21T12:00Z', 5)",
        f"INSERT INTO order_items VALUES ('1', '{first}', 'Soup', 1, 2),"
        f" ('1', '{second}', 'Tea', 1, 3), ('2', NULL, 'Cake', 1, 5), ('1', NULL, 'Pie', 1, 7)",
    )


def read_each(database: Database, schema: OrdersSchema, *tenants: str) -> Mapping[str, Totals]:
    readings = reader_of(database.dsn(), schema).read_each(tenants, window(), CENTS)
    return {tenant: Totals.sum(reading.parts) for tenant, reading in readings.items()}


@pytest.mark.parametrize(
    ("of_orders", "of_lines", "ids"),
    [
        ("text", "text", ("a", "A")),
        ("text", "varchar(9)", ("a", "A")),
        ("char(3)", "text", ("a", "A")),
        ("citext", "citext", ("a", "A")),
        ("kind", "text", ("a", "A")),
        ("smallint", "bigint", ("1", "10")),
        ("integer", "text", ("1", "10")),
        ("uuid", "uuid", (FIRST, SECOND)),
        ("uuid", "text", (FIRST, SECOND)),
    ],
)
def test_tenants_are_told_apart_by_the_text_of_their_ids(
    database: Database, of_orders: str, of_lines: str, ids: tuple[str, str]
) -> None:
    run_sql(database, "CREATE EXTENSION citext", "CREATE TYPE kind AS ENUM ('a', 'A')")
    open_town(database, of_orders, of_lines, ids)
    strangers = ("01", "+1", "٣", "x" * 5_000, FIRST.upper()[:-1] + "A", "{" + FIRST + "}", "1 ")

    read = read_each(database, BOTH, *strangers, *ids)

    assert {tenant: dict(own.items) for tenant, own in read.items() if own.orders} == {
        ids[0]: {"Soup": 1},
        ids[1]: {"Tea": 1},
    }
    assert all(own.tallies == {} for own in read.values())
    assert totals_alone(database, BOTH, ids[1]) == read[ids[1]]


def test_an_id_of_two_tenants_is_a_duplicate_for_both_and_its_lines_are_nobodys(
    database: Database,
) -> None:
    open_town(database, "text", "text", ("a", "b"))
    run_sql(
        database,
        "INSERT INTO orders VALUES ('8', 'a', '2026-11-21T12:00Z', 4)",
        "INSERT INTO order_items VALUES ('8', 'a', 'Rice', 2, 2)",
    )

    read = read_each(database, TENANTS, "a", "b")

    assert read["a"].tallies == {Finding.DUPLICATE_ORDER: Tally(1, ("1",))}
    assert read["b"].tallies == {Finding.DUPLICATE_ORDER: Tally(1, ("1",))}
    assert read["a"].items == {"Rice": 2}
    assert read["b"].items == {}
    assert (read["a"].orders, read["a"].lines, read["a"].revenue) == (2, 1, Decimal(6))
    assert {tenant: totals_alone(database, TENANTS, tenant) for tenant in "ab"} == read


@pytest.mark.parametrize("whose", ["NULL", "'b'"])
def test_an_order_of_nobody_or_of_no_account_can_share_an_id_too(
    database: Database, whose: str
) -> None:
    open_town(database, "text", "text", ("a", "b"))
    run_sql(
        database,
        "ALTER TABLE orders ADD COLUMN status text",
        "DELETE FROM orders WHERE shop = 'b'",
        "UPDATE orders SET status = 'paid'",
        f"INSERT INTO orders VALUES ('1', {whose}, '2026-11-21T12:00Z', 1, 'void')",
    )
    schema = OrdersSchema(tenant="shop", status="status", statuses=("paid",))

    read = totals_alone(database, schema, "a")

    assert read.tallies == {Finding.DUPLICATE_ORDER: Tally(1, ("1",))}
    assert dict(read.items) == {}


def test_where_orders_name_no_tenant_they_are_of_whoever_is_asked_for(database: Database) -> None:
    open_shop(database)

    assert totals_alone(database, OrdersSchema(), "anybody").revenue == REVENUE
    assert read_each(database, OrdersSchema(), "a", "a")["a"].revenue == REVENUE


def test_where_orders_name_no_tenant_they_are_never_given_to_two(database: Database) -> None:
    with pytest.raises(ValueError, match="AEGIS_ORDERS_TENANT"):
        read_each(database, OrdersSchema(), "a", "b")


def test_a_column_of_tenants_that_is_not_there_is_named_by_its_setting(database: Database) -> None:
    open_shop(database)

    error = refusal(database.dsn(), BOTH)

    assert isinstance(error, OrdersMisfit)
    assert error.code == "missing_column"
    assert "orders.shop (AEGIS_ORDERS_TENANT)" in error.message
    assert "order_items.shop (AEGIS_ITEMS_TENANT)" in error.message


@pytest.mark.parametrize("sql_type", ["numeric", "timestamptz", "jsonb", "boolean", "real"])
def test_a_column_whose_text_is_no_name_holds_no_tenants(database: Database, sql_type: str) -> None:
    open_shop(database)
    run_sql(database, f"ALTER TABLE orders ADD COLUMN shop {sql_type}")

    error = refusal(database.dsn(), TENANTS)

    assert error.code == "unsupported_column_type"
    assert "not text, an enumeration or a code" in error.message


def test_lines_name_tenants_only_where_orders_do() -> None:
    with pytest.raises(InvalidRequest, match="AEGIS_ITEMS_TENANT needs AEGIS_ORDERS_TENANT"):
        OrdersSchema(item_tenant="shop")


def test_a_value_that_fails_for_one_tenant_is_told_as_for_any_reading(database: Database) -> None:
    open_town(database, "text", "text", ("a", "b"))
    run_sql(
        database,
        "CREATE VIEW broken AS SELECT id, shop, created_at,"
        " (CASE shop WHEN 'b' THEN 'no number' ELSE '1' END)::numeric AS total FROM orders",
    )
    schema = OrdersSchema(orders_table="broken", tenant="shop")
    alone = refusal_alone(database, schema, "b")

    with pytest.raises(OrdersMisfit) as caught:
        read_each(database, schema, "a", "b")

    assert caught.value.code == alone.code
    assert "no number" not in str(caught.value)
    assert totals_alone(database, schema, "a").orders == 1


def totals_alone(database: Database, schema: OrdersSchema, tenant: str) -> Totals:
    reading = reader_of(database.dsn(), schema).read(tenant, window(), CENTS)
    return Totals.sum(reading.parts)


def refusal_alone(database: Database, schema: OrdersSchema, tenant: str) -> OrdersMisfit:
    with pytest.raises(OrdersMisfit) as caught:
        totals_alone(database, schema, tenant)
    return caught.value
