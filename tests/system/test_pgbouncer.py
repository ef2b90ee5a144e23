"""PgBouncer between the program and PostgreSQL, as providers put it there."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.postgres.order_summing import LARGE_DAY_ORDERS
from aegis_batch.adapters.outbound.state.location import StateLocation
from tests.integration.closing import BODY, ORDERS, TOKEN
from tests.integration.program import end, run, start
from tests.integration.remedies import doctor
from tests.integration.shop import CLOSE, open_shop, settings_for
from tests.servers.pgbouncer import PgBouncer, pgbouncer
from tests.servers.postgres import Database

READER, PASSWORD = "pooled_reader", 'pooled "secret'


@pytest.fixture
def shop(database: Database) -> Iterator[Database]:
    """A shop whose reader comes in through a pooler."""
    open_shop(database)
    with database.connect() as connection:
        connection.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
        connection.execute(f"GRANT SELECT ON orders, order_items TO {READER}")
        connection.execute(f"REVOKE TEMPORARY ON DATABASE {database.name} FROM PUBLIC")
    yield database
    with database.connect() as connection:
        connection.execute(f"DROP OWNED BY {READER}")
        connection.execute(f"DROP ROLE {READER}")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SandboxServer]:
    server = SandboxServer(tmp_path / "backend.sqlite", TOKEN)
    server.start()
    yield server
    server.stop()


def settings_of(pooler: PgBouncer, backend: SandboxServer) -> dict[str, str]:
    return {
        **settings_for(pooler.database, backend.url, TOKEN),
        "DATABASE_URL": pooler.dsn(),
        "AEGIS_DB_CONNECT_SECONDS": "20",
    }


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_through_a_pooler_that_keeps_transactions_together_all_is_well(
    shop: Database, backend: SandboxServer, tmp_path: Path, mode: str
) -> None:
    with pgbouncer(shop, mode, READER, PASSWORD) as pooler:  # type: ignore[arg-type]
        settings = settings_of(pooler, backend)
        told = doctor(settings, tmp_path)
        ended = run(CLOSE, settings, tmp_path)

    assert told.status == 0
    assert told.verdict("database.snapshot") == "ok"
    assert set(told.amiss()) <= {"orders.data"}
    assert (ended.status, ended.told["outcome"]) == (0, "created")
    assert BODY in ended.out


def test_ten_closes_share_two_connections_and_make_one_report(
    shop: Database, backend: SandboxServer, tmp_path: Path
) -> None:
    with pgbouncer(shop, "transaction", READER, PASSWORD) as pooler:
        settings = settings_of(pooler, backend)
        # On a state that they share they would hold leases.
        states = [StateLocation(tmp_path / f"{number}.db").url for number in range(10)]
        processes = [start(CLOSE, {**settings, "AEGIS_STATE_URL": url}, tmp_path) for url in states]
        ended = [end(process) for process in processes]

    assert Counter(one.told["outcome"] for one in ended) == {"created": 1, "already_closed": 9}


def fill(shop: Database, orders: int) -> None:
    """Put more orders of the day into a shop, and let the server count them."""
    rows = f"generate_series(1001, {1000 + orders}) AS n"
    with shop.connect() as connection:
        for statement in (
            f"INSERT INTO orders SELECT n, '2026-11-21T15:00Z', 2.50 FROM {rows}",
            f"INSERT INTO order_items SELECT n, 'Tea', 1, 2.50 FROM {rows}",
            "ANALYZE orders, order_items",
        ):
            connection.execute(statement.encode())


# The second is large enough to be read in ranges, with a planner that is told how.
@pytest.mark.parametrize("orders", [0, LARGE_DAY_ORDERS])
def test_what_a_close_sets_for_itself_stays_with_it(
    shop: Database, backend: SandboxServer, tmp_path: Path, orders: int
) -> None:
    fill(shop, orders)

    with pgbouncer(shop, "transaction", READER, PASSWORD, pool_size=1) as pooler:
        # A client without a name gets that of the one before it, from the pooler.
        asked = "SELECT name, setting FROM pg_settings WHERE name <> 'application_name'"
        with psycopg.connect(pooler.dsn(), autocommit=True) as other:
            other.prepare_threshold = None
            before = other.execute(asked.encode()).fetchall()
            settings = settings_of(pooler, backend)
            assert doctor(settings, tmp_path).status == 0
            ended = run(CLOSE, settings, tmp_path)
            assert ended.told["report"]["totalOrders"] == len(ORDERS) + orders
            assert other.execute(asked.encode()).fetchall() == before


def test_statement_mode_is_refused_with_its_remedy(
    shop: Database, backend: SandboxServer, tmp_path: Path
) -> None:
    with pgbouncer(shop, "statement", READER, PASSWORD) as pooler:
        settings = settings_of(pooler, backend)
        told = doctor(settings, tmp_path)
        ended = run(CLOSE, settings, tmp_path)

    assert told.status == 1
    assert told.verdict("database.connection") == "ok"
    assert told.verdict("database.snapshot") == "fail"
    assert "Set pool_mode = transaction in PgBouncer" in told.remedy("database.snapshot")
    assert told.named("orders.tables") == []
    assert told.verdict("backend.answer") == "ok"
    assert (ended.status, ended.told["outcome"]) == (6, "unreadable")
