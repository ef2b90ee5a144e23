"""What every look at an orders' database promises, in memory and in PostgreSQL."""

from collections.abc import Iterator

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.orders_inspector import InMemoryOrdersInspector
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.orders_inspector import PostgresOrdersInspector
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.ports.orders_inspector import OrdersInspector, SnapshotHold
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import OrdersMisfit, OrdersUnreachable
from tests.integration.closing import DAY, NOW
from tests.integration.shop import open_shop
from tests.servers.postgres import Database

ZONE = "America/Sao_Paulo"
CALENDAR = Calendar(load_zone(ZONE), ZONE)


def inspector_at(url: str, seconds: float = 5) -> PostgresOrdersInspector:
    return PostgresOrdersInspector(
        parse_database_url(url), OrdersSchema(), CALENDAR, SystemClock(), seconds=seconds
    )


@pytest.fixture(params=["memory", "postgres"])
def inspector(request: pytest.FixtureRequest) -> Iterator[OrdersInspector]:
    if request.param == "memory":
        yield InMemoryOrdersInspector(InMemoryClock(NOW))
        return
    database: Database = request.getfixturevalue("database")
    open_shop(database)
    with database.connect() as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        connection.execute("GRANT SELECT ON orders, order_items TO reader")
        connection.execute(f"REVOKE TEMPORARY ON DATABASE {database.name} FROM PUBLIC")
        connection.execute("CREATE TABLE daily_reports (report_date date)")
        connection.execute("GRANT SELECT ON daily_reports TO reader")
    yield inspector_at(database.dsn("reader", "reader"))
    with database.connect() as connection:
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")


def test_a_good_server_is_told_with_its_role_and_its_clock(inspector: OrdersInspector) -> None:
    server = inspector.server()

    assert server.version_number >= 140_000
    assert server.version
    assert server.role == "reader"
    assert server.snapshot is SnapshotHold.ONE
    assert server.clock.asked_at <= server.clock.answered_at
    assert abs(server.clock.skew_seconds) < 5
    assert (server.sleeps_at, server.is_exposed) == (None, False)


def test_tables_of_the_default_names_fit(inspector: OrdersInspector) -> None:
    fit = inspector.fit()

    assert fit.faults == ()
    assert fit.placed_at == "orders.created_at is timestamptz, read as an instant."


def test_a_window_would_be_read_by_indexes(inspector: OrdersInspector) -> None:
    access = inspector.access(CALENDAR.window(DAY))

    assert access.orders.estimated_rows >= 1
    assert (access.orders.scanned, access.items.scanned) == ((), ())


def test_a_reader_may_only_read(inspector: OrdersInspector) -> None:
    rights = inspector.rights()

    assert rights.role == "reader"
    assert set(rights.tables) == {"public.orders", "public.order_items"}
    assert rights.schemas == ("public",)
    assert (rights.attributes, rights.owned, rights.memberships) == ((), (), ())
    assert (rights.grants, rights.elsewhere) == ((), ())


def test_a_day_without_a_report_has_none(inspector: OrdersInspector) -> None:
    assert inspector.has_report(DAY) is False


def test_faults_come_as_errors_of_the_domain() -> None:
    in_memory = InMemoryOrdersInspector(InMemoryClock(NOW))
    in_memory.faults["server"] = OrdersUnreachable("x", "Away.", "Start it.")

    for inspector in (in_memory, inspector_at("postgresql://nobody@127.0.0.1:1/nothing", 0.2)):
        with pytest.raises(OrdersUnreachable):
            inspector.server()


def test_a_wrong_password_is_a_misfit_and_not_tried_again(database: Database) -> None:
    with pytest.raises(OrdersMisfit) as caught:
        inspector_at(database.dsn(password="wrong")).server()

    assert caught.value.code == "login_refused"


def test_stamps_that_cannot_be_looked_at_in_time_prove_nothing(database: Database) -> None:
    open_shop(database)
    with database.connect() as connection:
        connection.execute("ALTER TABLE orders ALTER created_at TYPE timestamp")
    with database.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")

        fit = inspector_at(database.dsn(), 0.5).fit()

    assert [fault.code for fault in fit.faults] == ["placed_at_ambiguous"]
