"""What a reader says where the database, its tables or its rights don't fit the settings."""

import time

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.domain.errors import OrdersMisfit
from tests.integration.orders_shop import (
    REVENUE,
    ROLE_PASSWORD,
    open_shop,
    reader_of,
    refusal,
    run_sql,
    totals_of,
)
from tests.integration.unix_socket import unix_socket_to
from tests.servers.postgres import Database


def test_a_role_that_may_only_select_suffices_and_changes_nothing(
    shop: Database, role: str
) -> None:
    run_sql(shop, f"GRANT SELECT ON orders, order_items TO {role}")
    before = _everything(shop)

    read = totals_of(reader_of(shop.dsn(role, ROLE_PASSWORD)))

    assert read.revenue == REVENUE
    assert _everything(shop) == before


def _everything(shop: Database) -> list[object]:
    with shop.connect() as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                b"SELECT *, xmin::text, ctid::text FROM orders ORDER BY id",
                b"SELECT *, xmin::text, ctid::text FROM order_items ORDER BY order_id",
                b"SELECT oid, relname FROM pg_class ORDER BY oid",
                b"SELECT oid, proname FROM pg_proc ORDER BY oid",
                b"SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY oid",
                b"SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::text FROM pg_stat_user_tables",
            )
        ]


def test_columns_that_are_granted_one_by_one_suffice(shop: Database, role: str) -> None:
    run_sql(
        shop,
        "ALTER TABLE orders ADD COLUMN secret text",
        f"GRANT SELECT (id, created_at, total) ON orders TO {role}",
        f"GRANT SELECT (order_id, name, quantity, unit_price) ON order_items TO {role}",
    )

    assert totals_of(reader_of(shop.dsn(role, ROLE_PASSWORD))).revenue == REVENUE


def test_columns_that_may_not_be_read_are_named(shop: Database, role: str) -> None:
    run_sql(
        shop,
        f"GRANT SELECT (id, created_at) ON orders TO {role}",
        f"GRANT SELECT ON order_items TO {role}",
    )

    error = refusal(shop.dsn(role, ROLE_PASSWORD))

    assert isinstance(error, OrdersMisfit)
    assert error.code == "permission_denied"
    assert "orders.total (AEGIS_ORDERS_TOTAL) may not be read" in error.message
    assert "order_items" not in error.message
    assert "GRANT SELECT" in error.remedy


def test_a_view_that_may_not_read_its_tables_is_a_matter_of_rights(
    shop: Database, role: str
) -> None:
    run_sql(
        shop,
        "CREATE VIEW seen WITH (security_invoker) AS SELECT * FROM orders",
        f"GRANT SELECT ON seen, order_items TO {role}",
    )

    error = refusal(shop.dsn(role, ROLE_PASSWORD), OrdersSchema(orders_table="seen"))

    assert error.code == "permission_denied"
    assert "GRANT SELECT ON seen and order_items" in error.remedy


def test_a_schema_that_may_not_be_used_is_a_matter_of_rights(shop: Database, role: str) -> None:
    run_sql(shop, "CREATE SCHEMA hidden", "CREATE TABLE hidden.orders ()")

    error = refusal(shop.dsn(role, ROLE_PASSWORD), OrdersSchema(orders_table="hidden.orders"))

    assert error.code == "permission_denied"
    assert "GRANT USAGE ON SCHEMA" in error.remedy


def test_everything_that_is_missing_is_named_at_once(shop: Database) -> None:
    schema = OrdersSchema(
        orders_table="shop.Orders", item_name="Name", item_quantity="qty", item_unit_price="name"
    )

    error = refusal(shop.dsn(), schema)

    assert isinstance(error, OrdersMisfit)
    assert error.code == "missing_table"
    assert "shop.Orders (AEGIS_ORDERS_TABLE) is no table or view there" in error.message
    assert "order_items.Name (AEGIS_ITEMS_NAME) is no column there" in error.message
    assert "order_items.qty (AEGIS_ITEMS_QUANTITY) is no column there" in error.message
    assert "order_items.name (AEGIS_ITEMS_UNIT_PRICE) is text, not a number" in error.message


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (OrdersSchema(order_id="ID"), "orders.ID (AEGIS_ORDERS_ID)"),
        (OrdersSchema(placed_at="at"), "orders.at (AEGIS_ORDERS_PLACED_AT)"),
        (OrdersSchema(total="sum"), "orders.sum (AEGIS_ORDERS_TOTAL)"),
        (OrdersSchema(status="state"), "orders.state (AEGIS_ORDERS_STATUS)"),
        (OrdersSchema(item_order_id="order"), "order_items.order (AEGIS_ITEMS_ORDER_ID)"),
    ],
)
def test_a_missing_column_is_named_by_setting_and_name(
    shop: Database, schema: OrdersSchema, said: str
) -> None:
    error = refusal(shop.dsn(), schema)

    assert error.code == "missing_column"
    assert f"{said} is no column there" in error.message


@pytest.mark.parametrize(
    ("column", "type_name", "said"),
    [
        ("total", "text", "orders.total (AEGIS_ORDERS_TOTAL) is text, not a number"),
        ("created_at", "time", "(AEGIS_ORDERS_PLACED_AT) is time, not timestamptz"),
        ("id", "json", "orders.id (AEGIS_ORDERS_ID) is json"),
        ("id", "uuid", "is uuid and order_items.order_id (AEGIS_ITEMS_ORDER_ID) is int8"),
    ],
)
def test_a_column_of_a_type_that_can_not_be_used_is_named(
    database: Database, column: str, type_name: str, said: str
) -> None:
    types = {"id": "bigint", "created_at": "timestamptz", "total": "numeric"} | {column: type_name}
    columns = ", ".join(f"{name} {of_type}" for name, of_type in types.items())
    run_sql(
        database,
        f"CREATE TABLE orders ({columns})",
        "CREATE TABLE order_items (order_id bigint, name text, quantity int, unit_price real)",
    )

    error = refusal(database.dsn())

    assert isinstance(error, OrdersMisfit)
    assert error.code == "unsupported_column_type"
    assert said in error.message
    assert "view" in error.remedy


@pytest.mark.parametrize(
    ("order_id", "line_id", "said"),
    [
        ("text", "citext", "is text and order_items.order_id (AEGIS_ITEMS_ORDER_ID) is citext"),
        ("citext", "text", "is citext and order_items.order_id (AEGIS_ITEMS_ORDER_ID) is text"),
    ],
)
def test_ids_that_are_not_the_same_by_both_columns_equality_are_refused(
    database: Database, order_id: str, line_id: str, said: str
) -> None:
    run_sql(
        database,
        "CREATE EXTENSION citext",
        f"CREATE TABLE orders (id {order_id}, created_at timestamptz, total numeric)",
        f"CREATE TABLE order_items (order_id {line_id}, name text, quantity int, unit_price int)",
    )

    error = refusal(database.dsn())

    assert error.code == "unsupported_column_type"
    assert said in error.message


def test_what_holds_no_rows_is_no_table(database: Database) -> None:
    run_sql(
        database,
        "CREATE TABLE shop_orders (id bigint)",
        "CREATE INDEX orders ON shop_orders (id)",
        "CREATE SEQUENCE order_items",
    )

    error = refusal(database.dsn())

    assert error.code == "missing_table"
    assert "orders (AEGIS_ORDERS_TABLE) is no table or view there" in error.message
    assert "order_items (AEGIS_ITEMS_TABLE) is no table or view there" in error.message


def test_a_number_too_large_to_multiply_is_an_unreadable_value(shop: Database) -> None:
    run_sql(
        shop,
        "ALTER TABLE order_items ALTER unit_price TYPE numeric, ALTER quantity TYPE numeric",
        "UPDATE order_items SET unit_price = 1e131000, quantity = 1e1000 WHERE order_id = 1",
    )

    error = refusal(shop.dsn())

    assert error.code == "unreadable_value"
    assert "22003" in error.message


def test_text_that_is_in_no_known_encoding_is_an_unreadable_value(database: Database) -> None:
    name = f"{database.name}_ascii"
    with database.server.connect() as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'".encode()
        )
    other = Database(database.server, name)
    try:
        open_shop(other)
        run_sql(other, r"UPDATE order_items SET name = E'\xff' WHERE order_id = 1")
        error = refusal(other.dsn())
    finally:
        database.server.drop_database(name)

    assert error.code == "unreadable_value"


def test_a_view_that_fails_is_told_from_a_missing_one(shop: Database) -> None:
    run_sql(
        shop, "CREATE VIEW failing AS SELECT id, created_at, total / (id - id) AS total FROM orders"
    )

    error = refusal(shop.dsn(), OrdersSchema(orders_table="failing"))

    assert error.code == "unreadable_value"


def test_a_wrong_password_is_final_and_not_tried_again(shop: Database) -> None:
    started = time.monotonic()

    with pytest.raises(OrdersMisfit) as caught:
        totals_of(reader_of(shop.dsn(password="wrong"), connect_seconds=30))

    assert caught.value.code == "login_refused"
    assert time.monotonic() - started < 5


def test_an_unknown_database_is_final(shop: Database) -> None:
    error = refusal(shop.server.dsn("nowhere"))

    assert isinstance(error, OrdersMisfit)
    assert error.code == "unknown_database"


def test_encryption_that_the_server_does_not_offer_is_final(shop: Database) -> None:
    error = refusal(shop.dsn() + "?sslmode=require")

    assert isinstance(error, OrdersMisfit)
    assert error.code == "tls_refused"


def test_a_unix_socket_may_be_the_host(shop: Database) -> None:
    with unix_socket_to(shop.dsn()) as dsn:
        assert totals_of(reader_of(dsn)).revenue == REVENUE
