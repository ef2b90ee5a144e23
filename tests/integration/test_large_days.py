"""A large day is added up in ranges of ids where ids allow it; small ones take few questions."""

from itertools import pairwise
from typing import Any

import psycopg
import pytest
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import dialect

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_extent import WHOLE_IDS, IdRange
from aegis_batch.adapters.outbound.postgres.order_reader import STATEMENTS_MAX, PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.postgres.split_sql import planner_settings
from aegis_batch.adapters.outbound.postgres.weighed_sql import memory_setting
from tests.integration.orders_shop import (
    REVENUE,
    open_shop,
    run_sql,
    totals_of,
    watched_statements,
)
from tests.servers.postgres import Database

NO_REFERENCE = "ALTER TABLE order_items DROP CONSTRAINT order_items_order_id_fkey;"
# The catalogue, and the sums.
FEWEST_STATEMENTS = 2


def reader(
    database: Database, schema: OrdersSchema | None = None, *, large_day_orders: int = 1
) -> PostgresOrderReader:
    return PostgresOrderReader(
        OrdersDatabase(parse_database_url(database.dsn())),
        schema or OrdersSchema(),
        large_day_orders=large_day_orders,
    )


def planner_of(database: Database, *, settings_statement: int) -> list[tuple[Any, ...]]:
    """Read the shop's day, and return what the planner was told about hash joins by then."""
    told: list[tuple[Any, ...]] = []
    run_sql(database, "ANALYZE orders")

    def ask(connection: psycopg.Connection[Any]) -> None:
        told.extend(connection.execute("SHOW enable_hashjoin").fetchall())

    with watched_statements() as statements:
        statements.after(settings_statement, ask)
        assert totals_of(reader(database)).revenue == REVENUE
    return told


def test_a_shop_with_few_orders_takes_two_statements(database: Database) -> None:
    open_shop(database)
    run_sql(database, "ANALYZE orders")

    with watched_statements() as statements:
        assert totals_of(reader(database, large_day_orders=1000)).revenue == REVENUE

    assert statements.count == FEWEST_STATEMENTS


def test_a_small_day_of_a_large_shop_is_asked_for_its_extent_alone(database: Database) -> None:
    open_shop(database)
    run_sql(
        database,
        "INSERT INTO orders SELECT n, '2026-01-01T12:00Z', 1 FROM generate_series(10, 2000) n",
        "ANALYZE orders",
    )

    with watched_statements() as statements:
        assert totals_of(reader(database, large_day_orders=1000)).revenue == REVENUE

    assert statements.count == FEWEST_STATEMENTS + 1


def test_ids_that_stand_together_are_streamed(database: Database) -> None:
    open_shop(database)

    assert planner_of(database, settings_statement=3) == [("off",)]


def test_ids_far_apart_with_few_between_them_are_streamed_too(database: Database) -> None:
    open_shop(database)
    run_sql(
        database,
        NO_REFERENCE,
        "UPDATE orders SET id = 9000000000000 WHERE id = 2",
        "UPDATE order_items SET order_id = 9000000000000 WHERE order_id = 2",
    )

    assert planner_of(database, settings_statement=4) == [("off",)]


def test_no_day_takes_more_statements_than_the_limit_of_a_run_counts_on(
    database: Database,
) -> None:
    open_shop(database)
    run_sql(
        database,
        NO_REFERENCE,
        "UPDATE orders SET id = 9000000000000 WHERE id = 2",
        "UPDATE order_items SET order_id = 9000000000000 WHERE order_id = 2",
        "ANALYZE orders",
    )

    with watched_statements() as statements:
        assert totals_of(reader(database)).revenue == REVENUE

    assert statements.count == STATEMENTS_MAX


def test_ids_scattered_among_others_are_not_streamed(database: Database) -> None:
    open_shop(database)
    run_sql(
        database,
        NO_REFERENCE,
        "UPDATE orders SET id = 1000 WHERE id = 2",
        "UPDATE order_items SET order_id = 1000 WHERE order_id = 2",
        "INSERT INTO orders SELECT n, '2026-01-01T12:00Z', 1 FROM generate_series(10, 200) n",
    )

    assert planner_of(database, settings_statement=4) == [("on",)]


def test_lines_without_an_index_are_not_streamed(database: Database) -> None:
    open_shop(database)
    run_sql(database, "DROP INDEX order_items_order_id_idx")

    assert planner_of(database, settings_statement=3) == [("on",)]


PLAIN = {
    "ids that may stand twice": f"{NO_REFERENCE} ALTER TABLE orders DROP CONSTRAINT orders_pkey",
    "ids that are text": f"{NO_REFERENCE} ALTER TABLE orders ALTER id TYPE text;"
    " ALTER TABLE order_items ALTER order_id TYPE text",
    "a view": "ALTER TABLE orders RENAME TO kept; CREATE VIEW orders AS SELECT * FROM kept",
}


@pytest.mark.parametrize("change", PLAIN.values(), ids=PLAIN)
def test_the_plain_way_is_taken_for(database: Database, change: str) -> None:
    open_shop(database)
    run_sql(database, change)
    run_sql(database, "ANALYZE")

    with watched_statements() as statements:
        assert totals_of(reader(database)).revenue == REVENUE

    assert statements.count == FEWEST_STATEMENTS


@pytest.mark.parametrize(
    "settings",
    [planner_settings(streamed=True), planner_settings(streamed=False), memory_setting()],
    ids=["streamed", "scattered", "weighed"],
)
def test_what_the_planner_is_told_ends_with_the_transaction(
    database: Database, settings: Select[Any]
) -> None:
    statement = settings.compile(
        dialect=dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )
    with psycopg.connect(database.dsn()) as connection:
        everything = "SELECT name, setting FROM pg_settings ORDER BY name"
        before = connection.execute(everything).fetchall()
        connection.rollback()

        connection.execute(str(statement).encode())
        assert connection.execute(everything).fetchall() != before
        connection.commit()

        assert connection.execute(everything).fetchall() == before


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1, 2), (-3, 4), (0, 2**128 - 1)])
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_the_parts_of_a_range_tile_it(first: int, last: int, parts: int) -> None:
    whole = IdRange(WHOLE_IDS, first, last)

    split = whole.split(parts)

    assert len(split) <= parts
    assert (split[0].first, split[-1].last) == (first, last)
    assert all(left.last + 1 == right.first for left, right in pairwise(split))
