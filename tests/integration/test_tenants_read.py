"""Directories of tenants as shops have them: other types, other names, and what doesn't fit."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.postgres.seen_tenants import PostgresSeenTenants
from aegis_batch.adapters.outbound.postgres.tenant_directory import PostgresTenantDirectory
from aegis_batch.adapters.outbound.postgres.tenants_schema import TenantsSchema
from aegis_batch.domain.errors import InvalidRequest, OrdersMisfit, OrdersUnreachable
from aegis_batch.domain.tenant import Tenant
from tests.integration.orders_shop import DAY, ROLE_PASSWORD, ZONE, run_sql, window
from tests.servers.postgres import Database


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[sa.Executable]:
    """The statements that are run in snapshots."""
    statements: list[sa.Executable] = []
    rows = Snapshot.rows

    def noted(self: Snapshot, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        statements.append(statement)
        return rows(self, statement)

    monkeypatch.setattr(Snapshot, "rows", noted)
    return statements


def explained(statement: sa.Executable) -> sa.TextClause:
    """Return what asks how a statement would be carried out."""
    assert isinstance(statement, sa.ClauseElement)
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return sa.text(f"EXPLAIN {compiled}".replace(":", r"\:"))


def directory(database: Database, schema: TenantsSchema) -> PostgresTenantDirectory:
    return PostgresTenantDirectory(
        OrdersDatabase(parse_database_url(database.dsn()), connect_seconds=5), schema, ZONE
    )


def seen(database: Database, column: str = "shop", **changes: int) -> PostgresSeenTenants:
    orders = OrdersDatabase(parse_database_url(database.dsn()))
    return PostgresSeenTenants(orders, OrdersSchema(), column, **changes)


@pytest.mark.parametrize(
    ("key", "values", "found"),
    [
        ("bigint PRIMARY KEY", "(9, 1), (10, 2), (-1, 1), (8, 0)", ["-1", "10", "9"]),
        ("varchar(9)", "('b', 1), ('a', 1), ('a', 1), (NULL, 1)", ["a", "b"]),
        ("char(5) PRIMARY KEY", "('b', 1), ('a', 1)", ["a", "b"]),
        (
            "uuid",
            "('0000000A-0000-4000-8000-000000000000', 1)",
            ["0000000a-0000-4000-8000-000000000000"],
        ),
    ],
    ids=["numbers", "twice and null", "padded", "uuid"],
)
def test_ids_of_any_usual_type_are_read_as_text(
    database: Database, key: str, values: str, found: list[str]
) -> None:
    run_sql(
        database,
        f"CREATE TABLE tenants (id {key}, active integer)",
        f"INSERT INTO tenants VALUES {values}",
    )
    read = directory(database, TenantsSchema(table="tenants"))

    page = read.page(None, None, 9, window())

    assert [tenant.id for tenant in page] == found
    assert [read.get(tenant_id) for tenant_id in found] == [Tenant(each) for each in found]
    assert [t.id for t in read.page(None, found[0], 9, window())] == found[1:]


def test_a_view_without_anything_but_ids_is_enough(database: Database) -> None:
    run_sql(
        database,
        "CREATE SCHEMA sales",
        "CREATE VIEW sales.shops AS SELECT 'a' || number AS shop FROM generate_series(1, 3) number",
    )
    schema = TenantsSchema(table="sales.shops", id="shop", active=None)
    read = directory(database, schema)

    assert [tenant.id for tenant in read.page(None, None, 9, window())] == ["a1", "a2", "a3"]
    assert list(read.page("Asia/Tokyo", None, 9, window())) == []
    assert (list(read.zones()), list(read.queues())) == ([None], [])


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"table": "nowhere"}, "missing_table", "AEGIS_TENANTS_TABLE"),
        ({"id": "key"}, "missing_column", "AEGIS_TENANTS_ID"),
        ({"active": "open"}, "missing_column", "AEGIS_TENANTS_ACTIVE"),
        ({"active": "id"}, "unsupported_column_type", "AEGIS_TENANTS_ACTIVE"),
        ({"zone": "since"}, "unsupported_column_type", "AEGIS_TENANTS_ZONE"),
        ({"closes_from": "id"}, "unsupported_column_type", "AEGIS_TENANTS_CLOSES_FROM"),
    ],
)
def test_a_directory_that_does_not_fit_is_told_by_the_setting(
    database: Database, changes: dict[str, str], code: str, named: str
) -> None:
    run_sql(database, "CREATE TABLE tenants (id text, active boolean, since date)")
    schema = TenantsSchema(**{"table": "tenants", **changes})

    with pytest.raises(OrdersMisfit, match=named) as misfit:
        directory(database, schema).zones()
    assert misfit.value.code == code


def test_a_role_that_may_not_read_a_column_is_told_so(shop: Database, role: str) -> None:
    run_sql(
        shop,
        "CREATE TABLE tenants (id text, active boolean, owner text)",
        f'GRANT SELECT (id, owner) ON tenants TO "{role}"',
    )
    url = parse_database_url(shop.dsn(role, ROLE_PASSWORD))
    read = PostgresTenantDirectory(OrdersDatabase(url), TenantsSchema(table="tenants"), ZONE)

    with pytest.raises(OrdersMisfit, match=r"tenants\.active") as misfit:
        read.zones()
    assert misfit.value.code == "permission_denied"


def test_a_directory_on_a_server_that_is_away_is_unreachable(database: Database) -> None:
    read = PostgresTenantDirectory(
        OrdersDatabase(parse_database_url("postgresql://a@127.0.0.1:1/b"), connect_seconds=0.2),
        TenantsSchema(table="tenants"),
        ZONE,
        once=True,
    )
    del database
    with pytest.raises(OrdersUnreachable):
        read.zones()


@pytest.mark.parametrize("name", ["", "x" * 64, "a.b.c"])
def test_a_name_that_can_be_no_table_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="AEGIS_TENANTS_TABLE"):
        TenantsSchema(table=name)


def test_each_page_of_a_table_is_found_by_its_key(
    database: Database, asked: list[sa.Executable]
) -> None:
    run_sql(
        database,
        "CREATE TABLE tenants (id text NOT NULL, active boolean)",
        "INSERT INTO tenants SELECT 'shop-' || n, true FROM generate_series(1, 20000) n",
        'CREATE UNIQUE INDEX ON tenants (id COLLATE "C")',
        "ANALYZE tenants",
    )
    read = directory(database, TenantsSchema(table="tenants"))

    assert len(read.page(None, "shop-15", 100, window())) == 100

    plan = read._database.read(lambda snapshot: snapshot.rows(explained(asked[-1])), tables=())  # noqa: SLF001 - the same connection settings
    assert "Index" in str(plan)
    assert "Seq Scan" not in str(plan)
    assert "Sort" not in str(plan)


def test_the_orders_of_a_day_are_looked_through_once_for_many_pages(
    database: Database, asked: list[sa.Executable]
) -> None:
    run_sql(
        database,
        "CREATE TABLE orders (shop integer, created_at timestamptz)",
        f"INSERT INTO orders SELECT n % 950, '{DAY}T12:00-03:00' FROM generate_series(1, 2000) n",
    )
    read = seen(database, ahead_tenants=400)
    found: list[str] = []
    after = None
    while page := read.page(None, after, 100, window()):
        found += [tenant.id for tenant in page]
        after = found[-1]

    assert found == sorted(str(number) for number in range(950))
    assert sum("GROUP BY" in str(statement) for statement in asked) == 3


def test_tenants_of_another_day_are_never_taken_from_what_was_read_ahead(
    database: Database,
) -> None:
    run_sql(
        database,
        "CREATE TABLE orders (shop text, created_at timestamptz)",
        "INSERT INTO orders VALUES ('a', '2026-11-21T12:00-03:00'),"
        " ('b', '2026-11-21T12:00-03:00'), ('c', '2026-11-22T12:00-03:00')",
    )
    read = seen(database)

    assert [t.id for t in read.page(None, None, 1, window())] == ["a"]
    assert [t.id for t in read.page(None, "a", 1, window(date(2026, 11, 22)))] == ["c"]
    assert [t.id for t in read.page(None, "a", 9, window())] == ["b"]
    assert list(read.page("Asia/Tokyo", None, 9, window())) == []


@pytest.mark.parametrize(
    ("column", "code"),
    [("nobody", "missing_column"), ("paid", "unsupported_column_type")],
)
def test_a_column_of_tenants_that_does_not_fit_is_told(
    database: Database, column: str, code: str
) -> None:
    run_sql(database, "CREATE TABLE orders (shop text, paid boolean, created_at timestamptz)")

    with pytest.raises(OrdersMisfit, match="AEGIS_ORDERS_TENANT") as misfit:
        seen(database, column).page(None, None, 9, window())
    assert misfit.value.code == code
