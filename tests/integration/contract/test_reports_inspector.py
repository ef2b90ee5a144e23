"""What every look at a reports' database promises, in memory and in PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from aegis_batch.adapters.outbound.memory.reports_inspector import InMemoryReportsInspector
from aegis_batch.adapters.outbound.postgres.derived.address import parse_reports_url
from aegis_batch.adapters.outbound.postgres.derived.reports_inspector import (
    PostgresReportsInspector,
)
from aegis_batch.application.ports.reports_inspector import ReportsInspector
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable
from tests.integration.closing import REPORT, run_of
from tests.integration.reports_place import (
    WRITER_RIGHTS,
    database_of,
    gateway_of,
    guard_of,
    migrated_gateway,
)
from tests.servers.postgres import Database

DAY = run_of().key.period


def inspector_at(dsn: str, orders_dsn: str | None = None) -> PostgresReportsInspector:
    reports = database_of(dsn, connect_seconds=1.0)
    return PostgresReportsInspector(reports, guard_of(orders_dsn), parse_reports_url(dsn))


@pytest.fixture
def writer(database: Database) -> Iterator[str]:
    """The address of a database of reports, as the role that docs/reports-database.md makes."""
    migrated_gateway(database)
    with database.connect() as connection:
        connection.execute("CREATE ROLE writer LOGIN PASSWORD 'writer'")
        for statement in WRITER_RIGHTS:
            connection.execute(statement.encode())
    yield database.dsn("writer", "writer")
    with database.connect() as connection:
        connection.execute("DROP OWNED BY writer")
        connection.execute("DROP ROLE writer")


@pytest.fixture(params=["memory", "postgres"])
def inspector(request: pytest.FixtureRequest) -> ReportsInspector:
    if request.param == "memory":
        in_memory = InMemoryReportsInspector()
        in_memory.revisions[DAY] = 1
        return in_memory
    dsn: str = request.getfixturevalue("writer")
    gateway_of(dsn).submit(run_of(), REPORT)
    return inspector_at(dsn)


def test_a_database_as_it_should_be_is_told_so(inspector: ReportsInspector) -> None:
    facts = inspector.facts()

    assert facts.role == "writer"
    assert facts.version
    assert (facts.is_exposed, facts.is_of_orders, facts.owns) == (False, False, False)
    assert (facts.schema, facts.pending) == ("0002", ())
    assert (facts.lacking, facts.beyond) == ((), ())


def test_the_current_revision_is_told(inspector: ReportsInspector) -> None:
    assert inspector.revision_of(DAY) == 1
    assert inspector.revision_of(replace(DAY, first_day=DAY.end_day)) is None


def test_faults_come_as_errors_of_the_port() -> None:
    in_memory = InMemoryReportsInspector()
    in_memory.fault = BackendUnavailable("x", "Away.", "Start it.")

    for inspector in (in_memory, inspector_at("postgresql://nobody@127.0.0.1:1/nothing")):
        with pytest.raises(BackendUnavailable):
            inspector.facts()
        with pytest.raises(BackendUnavailable):
            inspector.revision_of(DAY)


def test_a_role_with_those_rights_can_close_and_replace_and_nothing_more(writer: str) -> None:
    gateway = gateway_of(writer)

    assert gateway.submit(run_of(), REPORT).revision == 1
    assert gateway.replace(run_of(), replace(REPORT, total_orders=9)).revision == 2
    for statement in (
        "UPDATE reports SET body = 'x'",
        "DELETE FROM report_items",
        "UPDATE report_items SET quantity = 1",
        "TRUNCATE reports, report_items",
        "DROP TABLE report_items",
    ):
        with pytest.raises(BackendRefused) as caught:
            database_of(writer).carry_out(
                lambda connection, told=statement: connection.exec_driver_sql(told)  # type: ignore[misc]
            )
        assert caught.value.code == "reports_permission_denied"


@pytest.mark.parametrize(
    ("statement", "lacking"),
    [
        ("REVOKE INSERT ON report_items FROM writer", ("INSERT ON report_items",)),
        ("REVOKE SELECT ON reports FROM writer", ("SELECT ON reports",)),
        ("REVOKE UPDATE ON reports FROM writer", ("UPDATE (is_current) ON reports",)),
    ],
)
def test_a_right_that_is_missing_is_named(
    database: Database, writer: str, statement: str, lacking: tuple[str, ...]
) -> None:
    with database.connect() as connection:
        connection.execute(statement.encode())

    assert inspector_at(writer).facts().lacking == lacking


def test_a_right_too_many_and_an_owner_are_named(database: Database, writer: str) -> None:
    with database.connect() as connection:
        connection.execute("GRANT UPDATE, DELETE ON reports TO writer")

    assert inspector_at(writer).facts().beyond == ("UPDATE ON reports", "DELETE ON reports")
    assert inspector_at(database.dsn()).facts().owns


def test_a_database_without_tables_and_that_of_the_orders_are_told(database: Database) -> None:
    assert inspector_at(database.dsn()).facts().pending == ("0001", "0002")
    assert inspector_at(database.dsn(), database.dsn()).facts().is_of_orders
