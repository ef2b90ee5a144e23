"""A large day of random ids is proved sound by weights, or else every broken order is found."""

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals
from tests.integration.orders_shop import run_sql, watched_statements, window
from tests.servers.postgres import Database

EXACT = Decimal("0.00")
# Order n has the id md5(n); every third is placed on the day, and all are in the order of n.
SHOP = """
CREATE TABLE orders (id uuid PRIMARY KEY, created_at timestamptz NOT NULL, total numeric);
CREATE TABLE order_items (order_id uuid, name text, quantity integer, unit_price numeric);
CREATE INDEX ON order_items (order_id);
INSERT INTO orders
SELECT md5(n::text)::uuid,
    timestamptz '2026-11-21T04:00Z' + n % 3 * interval '10 days' + n * interval '1 minute',
    3 * n + 1
FROM generate_series(0, 899) AS n;
INSERT INTO order_items
SELECT md5(n::text)::uuid, 'Item ' || (n + line) % 7, line, n + (line % 2) * 1.0
FROM generate_series(0, 899) AS n, generate_series(1, 2) AS line;
ANALYZE orders;
"""
# The catalogue, the extent, whether ids stand together, the sample, the memory and the proof.
PROVED = 6
# And the planner's settings and the full pass.
PROVED_IN_VAIN = 8
IN_SAMPLE, LATE, LATER = (f"id = md5('{n}')::uuid" for n in (3, 894, 897))
LINES_OF_LATER = LATER.replace("id", "order_id", 1)
LINES_OF_LATE = LATE.replace("id", "order_id", 1)


def read(
    database: Database, *, large_day_orders: int, tolerance: Decimal = EXACT, total: str | None
) -> Totals:
    reader = PostgresOrderReader(
        OrdersDatabase(parse_database_url(database.dsn())),
        OrdersSchema(total=total),
        large_day_orders=large_day_orders,
    )
    return Totals.sum(reader.read(SINGLE, window(), tolerance).parts)


def read_both_ways(
    database: Database, *, tolerance: Decimal = EXACT, total: str | None = "total"
) -> tuple[Totals, int]:
    """Return the totals as found the fast way, and by how many statements."""
    plain = read(database, large_day_orders=10**6, tolerance=tolerance, total=total)
    with watched_statements() as statements:
        found = read(database, large_day_orders=1, tolerance=tolerance, total=total)
    assert found == plain
    return found, statements.count


def test_a_sound_day_is_added_up_by_its_proof_alone(database: Database) -> None:
    run_sql(database, SHOP)

    totals, statements = read_both_ways(database)

    assert (totals.orders, totals.lines, totals.tallies) == (300, 600, {})
    assert totals.revenue == sum(3 * n + 1 for n in range(0, 900, 3))
    assert statements == PROVED


def test_a_free_order_with_lines_is_sound(database: Database) -> None:
    run_sql(database, SHOP)
    run_sql(
        database,
        f"UPDATE orders SET total = 0 WHERE {LATER}",
        f"UPDATE order_items SET unit_price = 0 WHERE {LINES_OF_LATER}",
    )

    totals, statements = read_both_ways(database)

    assert totals.tallies == {}
    assert statements == PROVED


FAULTS = {
    "a total that is off": f"UPDATE orders SET total = total + 0.01 WHERE {LATER}",
    "totals that are off by as much": f"UPDATE orders SET total = total + 1 WHERE {LATE};"
    f" UPDATE orders SET total = total - 1 WHERE {LATER}",
    "lines that have changed places": f"UPDATE order_items SET order_id = CASE WHEN {LINES_OF_LATE}"
    f" THEN md5('897')::uuid ELSE md5('894')::uuid END WHERE {LINES_OF_LATE} OR {LINES_OF_LATER}",
    "a line that is missing": f"DELETE FROM order_items WHERE {LINES_OF_LATER} AND quantity = 1",
    "an order without lines": f"DELETE FROM order_items WHERE {LINES_OF_LATER}",
    "a free order without lines": f"DELETE FROM order_items WHERE {LINES_OF_LATER};"
    f" UPDATE orders SET total = 0 WHERE {LATER}",
    "a total below zero": f"UPDATE orders SET total = -total WHERE {LATER};"
    f" UPDATE order_items SET unit_price = -unit_price WHERE {LINES_OF_LATER}",
    "a total that is missing": f"UPDATE orders SET total = NULL WHERE {LATER}",
    "totals and lines that are no numbers": f"UPDATE orders SET total = 'NaN' WHERE {LATER};"
    f" UPDATE order_items SET unit_price = 'NaN' WHERE {LINES_OF_LATER}",
    "a quantity of zero": "INSERT INTO order_items VALUES (md5('897')::uuid, 'Tea', 0, 1)",
    "no quantity": "INSERT INTO order_items VALUES (md5('897')::uuid, 'Tea', NULL, 1)",
    "a blank name": f"UPDATE order_items SET name = ' ' WHERE {LINES_OF_LATER}",
    "a name that is missing": f"UPDATE order_items SET name = NULL WHERE {LINES_OF_LATER}",
}
# Of these the extent alone tells.
NO_PROOF = {"a total below zero", "a total that is missing", "totals and lines that are no numbers"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_behind_the_sample_is_found(database: Database, fault: str) -> None:
    run_sql(database, SHOP, FAULTS[fault])

    totals, statements = read_both_ways(database)

    assert totals.tallies
    assert statements == PROVED_IN_VAIN - 3 * (fault in NO_PROOF)


def test_a_shop_whose_sample_is_off_is_not_proved_in_vain(database: Database) -> None:
    run_sql(database, SHOP, f"UPDATE orders SET total = total + 1 WHERE {IN_SAMPLE}")

    totals, statements = read_both_ways(database)

    assert totals.tallies
    assert statements == PROVED_IN_VAIN - 2


@pytest.mark.parametrize(
    ("tolerance", "total", "change"),
    [
        (Decimal("0.05"), "total", "SELECT 1"),
        (EXACT, None, "SELECT 1"),
        (EXACT, "total", "DROP INDEX order_items_order_id_idx"),
    ],
    ids=["totals that may differ", "orders without totals", "lines without an index"],
)
def test_nothing_is_weighed_for(
    database: Database, tolerance: Decimal, total: str | None, change: str
) -> None:
    run_sql(database, SHOP, change)
    memory: list[tuple[Any, ...]] = []

    def ask(connection: psycopg.Connection[Any]) -> None:
        memory.extend(connection.execute("SHOW work_mem").fetchall())

    with watched_statements() as statements:
        # The last one of a day that isn't weighed, without an index or with one.
        statements.after(4 if "DROP" in change else 5, ask)
        totals = read(database, large_day_orders=1, tolerance=tolerance, total=total)

    assert totals.orders == 300
    assert memory == [("4MB",)]
