"""What every directory of tenants promises, be it a list, a table, or the orders of a day."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

import pytest
from loguru import logger

from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.postgres.seen_tenants import PostgresSeenTenants
from aegis_batch.adapters.outbound.postgres.tenant_directory import PostgresTenantDirectory
from aegis_batch.adapters.outbound.postgres.tenants_schema import TenantsSchema
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX, TenantDirectory
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.tenant import Tenant
from tests.servers.postgres import Database

ZONE, MANAUS, TOKYO = "America/Sao_Paulo", "America/Manaus", "Asia/Tokyo"
CALENDAR = Calendar(load_zone(ZONE), ZONE)
WINDOW = CALENDAR.window(date(2026, 11, 21))
UNFIT = ("*", "", " left", "right ", "line\nfeed", "shop-é", "x" * 201)
# In no order, and in one that is not that of any language.
IDS = ("b", "a", "B", "A-1", "a1", "10", "9", "~", "Ab c", "x" * 200)

# Makes a directory of the tenants given, in their order.
Open = Callable[[Iterable[Tenant]], TenantDirectory]


def _listed(tenants: Iterable[Tenant]) -> TenantDirectory:
    return InMemoryTenantDirectory(tenants, ZONE)


def _in_table(database: Database, *, key: str) -> Open:
    def open_directory(tenants: Iterable[Tenant]) -> TenantDirectory:
        with database.connect() as connection:
            connection.execute(
                f'CREATE TABLE "Shops" ("the id" text {key}, active boolean, zone text,'
                " queue text, since date)".encode()
            )
            for tenant in tenants:
                connection.execute(
                    b'INSERT INTO "Shops" VALUES (%s, true, %s, %s, %s)',
                    (tenant.id, tenant.zone_name, tenant.queue, tenant.closes_from),
                )
            # Those that are not active are not there.
            connection.execute(
                b"INSERT INTO \"Shops\" VALUES ('gone', false, 'Europe/Berlin', 'gone'),"
                b" ('doubtful', NULL, 'Europe/Rome', 'doubtful')"
            )
        schema = TenantsSchema(
            table='"Shops"',
            id="the id",
            zone="zone",
            queue="queue",
            closes_from="since",
        )
        return PostgresTenantDirectory(_orders(database), schema, ZONE)

    return open_directory


def _seen(database: Database, *, ahead_tenants: int) -> Open:
    def open_directory(tenants: Iterable[Tenant]) -> TenantDirectory:
        with database.connect() as connection:
            connection.execute(b"CREATE TABLE orders (shop text, created_at timestamptz)")
            for tenant in tenants:
                for moment in (WINDOW.start, WINDOW.start):
                    connection.execute(b"INSERT INTO orders VALUES (%s, %s)", (tenant.id, moment))
            connection.execute(b"INSERT INTO orders VALUES ('tomorrow', %s)", (WINDOW.end,))
        return PostgresSeenTenants(
            _orders(database), OrdersSchema(), "shop", ahead_tenants=ahead_tenants
        )

    return open_directory


def _orders(database: Database) -> OrdersDatabase:
    return OrdersDatabase(parse_database_url(database.dsn()))


@pytest.fixture(params=["memory", "table", "table with a key"])
def open_zoned(request: pytest.FixtureRequest) -> Open:
    """A directory that knows zones and queues."""
    if request.param == "memory":
        return _listed
    key = "PRIMARY KEY" if request.param == "table with a key" else ""
    return _in_table(request.getfixturevalue("database"), key=key)


@pytest.fixture(params=["memory", "table", "table with a key", "seen", "seen in parts"])
def open_any(request: pytest.FixtureRequest) -> Open:
    """Any directory."""
    if request.param == "memory":
        return _listed
    database: Database = request.getfixturevalue("database")
    if request.param.startswith("seen"):
        return _seen(database, ahead_tenants=3 if request.param == "seen in parts" else 10_000)
    return _in_table(database, key="PRIMARY KEY" if request.param == "table with a key" else "")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged."""
    kept: list[str] = []
    sink = logger.add(kept.append, format="{message}", level="WARNING")
    yield kept
    logger.remove(sink)


def pages(
    directory: TenantDirectory, limit: int, zone_name: str | None = None
) -> list[Sequence[Tenant]]:
    """Read a directory to its end; the last page is the one that is not full."""
    found: list[Sequence[Tenant]] = []
    after: str | None = None
    while not found or len(found[-1]) == limit:
        found.append(directory.page(zone_name, after, limit, WINDOW))
        after = found[-1][-1].id if found[-1] else after
    return found


def ids(found: list[Sequence[Tenant]]) -> list[str]:
    return [tenant.id for page in found for tenant in page]


@pytest.mark.parametrize("limit", [1, 3, 10, 100])
def test_pages_hold_every_tenant_once_in_the_order_of_code_points(
    open_any: Open, limit: int
) -> None:
    directory = open_any(Tenant(tenant_id) for tenant_id in IDS)

    assert ids(pages(directory, limit)) == sorted(IDS)


def test_a_page_may_begin_behind_an_id_that_is_none_of_the_tenants(open_any: Open) -> None:
    directory = open_any(Tenant(tenant_id) for tenant_id in IDS)

    assert [t.id for t in directory.page(None, "a!", 3, WINDOW)] == ["a1", "b", "x" * 200]
    assert list(directory.page(None, "~", 3, WINDOW)) == []


def test_a_page_is_bounded_whoever_asks_for_more(open_any: Open) -> None:
    directory = open_any(Tenant(f"shop-{number:03}") for number in range(PAGE_TENANTS_MAX + 30))

    assert len(directory.page(None, None, 1_000, WINDOW)) == PAGE_TENANTS_MAX


def test_an_empty_directory_has_an_empty_page(open_any: Open) -> None:
    directory = open_any([])

    assert list(directory.page(None, None, 9, WINDOW)) == []
    assert list(directory.zones()) == [None]
    assert list(directory.queues()) == []
    assert directory.get("a") is None


def test_what_can_be_no_id_is_left_out_and_counted_once_without_being_named(
    open_any: Open, lines: list[str]
) -> None:
    directory = open_any(Tenant(tenant_id) for tenant_id in (*UNFIT, "a", "b", "c"))

    assert ids(pages(directory, 2)) == ["a", "b", "c"]

    assert len(lines) == 1
    assert f"{len(UNFIT)} of " in lines[0]
    assert "shop-é" not in lines[0]


@pytest.mark.parametrize("tenant_id", ["c", "A", "*", "", "shop-é", "nul\0", "x" * 201])
def test_what_is_no_tenant_is_not_found(open_any: Open, tenant_id: str) -> None:
    assert open_any([Tenant("a"), Tenant("b"), Tenant("*")]).get(tenant_id) is None


def test_a_tenant_is_found_by_its_id(open_any: Open) -> None:
    assert open_any([Tenant("a"), Tenant("b")]).get("b") == Tenant("b")


def test_all_that_is_known_of_a_tenant_comes_with_it(open_zoned: Open) -> None:
    tenant = Tenant("a", MANAUS, "large", date(2026, 1, 31))
    directory = open_zoned([tenant, Tenant("b")])

    assert directory.get("a") == tenant
    assert list(directory.page(MANAUS, None, 9, WINDOW)) == [tenant]


def test_each_zone_has_its_own_tenants_and_the_deployments_own_zone_is_none(
    open_zoned: Open,
) -> None:
    directory = open_zoned(
        [
            Tenant("a", MANAUS),
            Tenant("b"),
            Tenant("c", ZONE),
            Tenant("d", TOKYO),
            Tenant("e", MANAUS),
            Tenant("f", "Mars/Olympus"),
        ]
    )

    assert list(directory.zones()) == [None, MANAUS, TOKYO, "Mars/Olympus"]
    assert ids(pages(directory, 1)) == ["b", "c"]
    assert ids(pages(directory, 1, MANAUS)) == ["a", "e"]
    assert ids(pages(directory, 1, "Mars/Olympus")) == ["f"]
    assert ids(pages(directory, 1, "Europe/Berlin")) == []
    assert directory.get("c") == Tenant("c")


def test_queues_are_named_once_each(open_zoned: Open) -> None:
    directory = open_zoned(
        [Tenant("a", None, "z"), Tenant("b", TOKYO, "a"), Tenant("c", None, "z")]
    )

    assert list(directory.queues()) == ["a", "z"]


def test_a_directory_that_is_the_orders_themselves_says_so(
    open_any: Open, request: pytest.FixtureRequest
) -> None:
    is_seen = "[seen" in request.node.name

    assert open_any([Tenant("a")]).goes_by_orders is is_seen
