"""``doctor --suggest-view``: what it prints is run as it stands, and a close then reads it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.foreign_shops import CHINOOK, NORTHWIND, PRISMA, ForeignShop
from tests.integration.program import run
from tests.servers.postgres import Database

SUGGEST = ("doctor", "--suggest-view", "--output", "json")
CLOSE = ("close", "--date", "2026-11-21", "--dry-run", "--output", "json")
READER = "views_reader"


def execute(database: Database, text: str) -> None:
    with database.connect() as connection:
        connection.execute(text.encode())


@pytest.fixture
def empty(database: Database) -> Iterator[Database]:
    """A database with a role that may connect and nothing else."""
    execute(database, f"CREATE ROLE {READER} LOGIN PASSWORD 'reader'")
    execute(database, f"REVOKE TEMPORARY ON DATABASE {database.name} FROM PUBLIC")
    yield database
    execute(database, f"DROP OWNED BY {READER}; DROP ROLE {READER}")


@pytest.mark.parametrize("shop", [NORTHWIND, CHINOOK, PRISMA], ids=lambda shop: shop.name)
def test_a_close_over_the_suggested_views_gives_the_right_figures(
    empty: Database, shop: ForeignShop, tmp_path: Path
) -> None:
    execute(empty, shop.sql)
    settings = {"DATABASE_URL": empty.dsn(READER, "reader")}

    suggested = run(SUGGEST, settings, tmp_path).told
    execute(empty, suggested["sql"])
    ended = run(CLOSE, {**settings, **suggested["settings"]}, tmp_path)

    assert suggested["settings"] == shop.settings
    told = ended.told
    assert (ended.status, told["outcome"], told["error"]) == (0, "dry_run", None), ended
    assert told["violations"] == []
    assert told["report"]["totalOrders"] == shop.total_orders
    assert f'"totalRevenue":{shop.total_revenue},' in ended.out
    sold = {item["name"]: item["qty"] for item in told["report"]["topItems"]}
    assert sold == shop.items


@pytest.mark.parametrize("shop", [NORTHWIND, CHINOOK, PRISMA], ids=lambda shop: shop.name)
def test_doctor_finds_nothing_wrong_with_the_suggested_views(
    empty: Database, shop: ForeignShop, tmp_path: Path
) -> None:
    execute(empty, shop.sql)
    settings = {"DATABASE_URL": empty.dsn(READER, "reader")}
    suggested = run(SUGGEST, settings, tmp_path).told
    execute(empty, suggested["sql"])

    told = run(["doctor", "--output", "json"], {**settings, **suggested["settings"]}, tmp_path).told

    verdicts = {check["name"]: check["verdict"] for check in told["checks"]}
    names = ("orders.tables", "orders.placed_at", "role.rights", "orders.window_index")
    assert [verdicts[name] for name in names] == ["ok"] * 4


def test_nothing_is_executed(empty: Database, tmp_path: Path) -> None:
    execute(empty, PRISMA.sql)

    ended = run(["doctor", "--suggest-view"], {"DATABASE_URL": empty.dsn()}, tmp_path)

    assert ended.status == 0
    assert ended.out.startswith("-- Views for aegis-batch, suggested from ")
    with empty.connect() as connection:
        found = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'aegis'")
        assert found.fetchone() == (0,)


def test_it_suggests_the_same_again_once_the_views_are_there(
    empty: Database, tmp_path: Path
) -> None:
    execute(empty, CHINOOK.sql)
    settings = {"DATABASE_URL": empty.dsn(READER, "reader")}
    first = run(SUGGEST, settings, tmp_path).told
    execute(empty, first["sql"])

    assert run(SUGGEST, settings, tmp_path).told == first


def test_what_was_corrected_can_be_run_over_what_was_there(empty: Database, tmp_path: Path) -> None:
    execute(empty, CHINOOK.sql)
    settings = {"DATABASE_URL": empty.dsn(READER, "reader")}
    first = run(SUGGEST, settings, tmp_path).told
    execute(empty, first["sql"])

    execute(empty, first["sql"].replace(" AS quantity,", "::text AS quantity,"))

    with empty.connect() as connection:
        kind = connection.execute("SELECT pg_typeof(quantity)::text FROM aegis.order_items LIMIT 1")
        assert kind.fetchone() == ("text",)


def test_a_database_without_orders_leads_to_what_was_looked_for(
    empty: Database, tmp_path: Path
) -> None:
    execute(empty, "CREATE TABLE users (id int PRIMARY KEY, name text)")

    ended = run(["doctor", "--suggest-view"], {"DATABASE_URL": empty.dsn()}, tmp_path)

    assert (ended.status, ended.out) == (1, "")
    assert "looked for: a table of orders, invoices or sales" in ended.err
    assert "docs/doctor.md" in ended.err


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 2),
        ({"DATABASE_URL": "mysql://x"}, 2),
        ({"DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "AEGIS_DB_CONNECT_SECONDS": "0.2"}, 6),
    ],
)
def test_without_a_database_there_is_nothing_to_suggest_from(
    tmp_path: Path, settings: dict[str, str], status: int
) -> None:
    ended = run(["doctor", "--suggest-view"], settings, tmp_path)

    assert (ended.status, ended.out) == (status, "")
    assert "  -> " in ended.err
