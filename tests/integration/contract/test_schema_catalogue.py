"""What every catalogue of tables promises, in memory and in PostgreSQL."""

from collections.abc import Callable

import pytest

from aegis_batch.adapters.outbound.memory.schema_catalogue import InMemorySchemaCatalogue
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.schema_catalogue import PostgresSchemaCatalogue
from aegis_batch.application.ports.schema_catalogue import SchemaCatalogue
from aegis_batch.domain.errors import OrdersUnreachable
from aegis_batch.domain.views.shapes import ColumnShape, Reference, TableShape, ValueKind
from tests.servers.postgres import Database

TABLES_SQL = """
CREATE TYPE status AS ENUM ('PAID', 'NEW');
CREATE TABLE b_orders (
    id bigint PRIMARY KEY, "placedAt" timestamp(3), total numeric(10, 2), state status
);
CREATE TABLE a_items (
    order_id bigint REFERENCES b_orders, place smallint, name varchar(80), price real,
    PRIMARY KEY (order_id, place)
)
"""
TABLES = (
    TableShape(
        "public",
        "a_items",
        (
            ColumnShape("order_id", ValueKind.WHOLE, "int8"),
            ColumnShape("place", ValueKind.WHOLE, "int2"),
            ColumnShape("name", ValueKind.TEXT, "varchar"),
            ColumnShape("price", ValueKind.FLOAT, "float4"),
        ),
        ("order_id", "place"),
        (Reference("order_id", ("public", "b_orders"), "id"),),
    ),
    TableShape(
        "public",
        "b_orders",
        (
            ColumnShape("id", ValueKind.WHOLE, "int8"),
            ColumnShape("placedAt", ValueKind.TIMESTAMP, "timestamp", 3),
            ColumnShape("total", ValueKind.EXACT, "numeric", 10, 2),
            ColumnShape("state", ValueKind.ENUMERATION, "status", labels=("PAID", "NEW")),
        ),
        ("id",),
    ),
)

Open = Callable[[], SchemaCatalogue]


def in_postgres(database: Database) -> PostgresSchemaCatalogue:
    return PostgresSchemaCatalogue(parse_database_url(database.dsn()), seconds=10)


def execute(database: Database, text: str) -> None:
    with database.connect() as connection:
        for statement in text.split(";"):
            connection.execute(statement.encode())


@pytest.fixture(params=["memory", "postgres"])
def open_catalogue(request: pytest.FixtureRequest) -> Open:
    if request.param == "memory":
        return lambda: InMemorySchemaCatalogue(reversed(TABLES), "postgres")
    database: Database = request.getfixturevalue("database")
    execute(database, TABLES_SQL)
    return lambda: in_postgres(database)


def test_tables_come_with_columns_and_keys_in_the_order_of_their_names(
    open_catalogue: Open,
) -> None:
    shapes = open_catalogue().shapes()

    assert (shapes.role, shapes.is_whole) == ("postgres", True)
    assert shapes.tables == TABLES
    assert open_catalogue().shapes() == shapes


def test_the_tables_of_an_empty_database_are_none(database: Database) -> None:
    assert in_postgres(database).shapes().tables == ()


def test_every_type_is_known_for_what_it_is(database: Database) -> None:
    execute(
        database,
        "CREATE DOMAIN cents AS numeric(8, 2);"
        "CREATE TABLE t (a cents, b numeric, c money, d timestamptz, e date, f timestamp,"
        " g double precision, h jsonb, i text[])",
    )

    [found] = in_postgres(database).shapes().tables

    assert [(column.kind, column.precision, column.scale) for column in found.columns] == [
        (ValueKind.EXACT, 8, 2),
        (ValueKind.EXACT, None, None),
        (ValueKind.MONEY, None, None),
        (ValueKind.INSTANT, None, None),
        (ValueKind.DATE, None, None),
        (ValueKind.TIMESTAMP, None, None),
        (ValueKind.FLOAT, None, None),
        (ValueKind.OTHER, None, None),
        (ValueKind.OTHER, None, None),
    ]


def test_views_and_partitioned_tables_count_and_partitions_do_not(database: Database) -> None:
    execute(
        database,
        "CREATE TABLE p (a int, d date) PARTITION BY RANGE (d);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "CREATE VIEW v AS SELECT a FROM p",
    )

    assert [table.name for table in in_postgres(database).shapes().tables] == ["p", "v"]


def test_a_key_of_two_columns_is_no_reference_of_one(database: Database) -> None:
    execute(
        database,
        "CREATE TABLE o (a int, b int, PRIMARY KEY (a, b));"
        "CREATE TABLE i (a int, b int, FOREIGN KEY (a, b) REFERENCES o)",
    )

    assert [table.references for table in in_postgres(database).shapes().tables] == [(), ()]


def test_names_that_a_terminal_would_hide_are_left_out(database: Database) -> None:
    execute(database, 'CREATE TABLE "a\x1bb" (c int); CREATE TABLE t ("c\nd" int)')

    assert in_postgres(database).shapes().tables == ()


def test_a_catalogue_of_too_many_tables_is_cut_off(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            "DO $$ BEGIN FOR n IN 1..501 LOOP EXECUTE format('CREATE TABLE t%s ()', n);"
            " EXECUTE format('ALTER TABLE t%s ADD c int', n); END LOOP; END $$"
        )

    shapes = in_postgres(database).shapes()

    assert (len(shapes.tables), shapes.is_whole) == (500, False)


def test_a_server_that_is_away_is_unreachable() -> None:
    url = parse_database_url("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(OrdersUnreachable):
        PostgresSchemaCatalogue(url, seconds=0.2).shapes()
