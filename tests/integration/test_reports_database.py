"""The reports' database: its schema, what is kept there, and what goes wrong on the way."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.postgres.derived.migrations import HEAD, MIGRATIONS
from aegis_batch.adapters.outbound.postgres.derived.schema import (
    ReportsSchemaStatus,
    migrate,
    read_status,
)
from aegis_batch.adapters.outbound.postgres.derived.tables import METADATA
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import (
    AnswerLost,
    BackendRefused,
    BackendUnavailable,
    InvalidRequest,
)
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.report import Report, TopItem, digest_of_body
from aegis_batch.domain.seal import Versions
from tests.integration.closing import BODY, DAY, NOW, ORDERS, REPORT, run_of
from tests.integration.reports_place import (
    AT,
    another_database,
    database_of,
    gateway_of,
    migrated_gateway,
    rows,
)
from tests.servers.postgres import Database
from tests.unit.docs.pages import blocks, read_page

PAGE = read_page("docs/reports-database.md")
ZONE = "America/Sao_Paulo"
OTHER = Report(DAY, 3, Decimal("50.51"), ())


@pytest.fixture
def elsewhere(database: Database) -> Iterator[Database]:
    with another_database(database) as reports:
        yield reports


def connections(database: Database) -> int:
    [(found,)] = rows(
        database,
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    return int(found)


# The schema.


def test_an_empty_database_gets_its_tables_once(database: Database) -> None:
    reports = database_of(database.dsn())
    assert reports.carry_out(read_status) == ReportsSchemaStatus(None, HEAD, tuple(MIGRATIONS))

    before = reports.carry_out(migrate)

    assert before == ReportsSchemaStatus(None, HEAD, tuple(MIGRATIONS))
    assert reports.carry_out(read_status) == ReportsSchemaStatus(HEAD, HEAD, ())
    assert reports.carry_out(migrate) == ReportsSchemaStatus(HEAD, HEAD, ())


def test_of_many_that_migrate_at_once_one_does_it(database: Database) -> None:
    databases = [database_of(database.dsn()) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        before = list(pool.map(lambda each: each.carry_out(migrate).revision, databases))

    assert sorted(before, key=str) == [*[HEAD] * 3, None]


def test_the_tables_of_the_program_are_those_that_the_revisions_make(database: Database) -> None:
    migrated_gateway(database)
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database.dsn()), poolclass=NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, METADATA) == []


def test_items_from_before_there_were_digests_get_those_that_the_program_takes(
    database: Database,
) -> None:
    odd = Report(
        DAY, 3, Decimal("50.51"), (TopItem("two\nlines, é", Decimal(20)), TopItem("b", Decimal(3)))
    )
    fresh = migrated_gateway(database)
    fresh.submit(run_of(), REPORT)
    fresh.replace(run_of(), odd)
    kept = rows(database, "SELECT revision, rank, digest FROM report_items ORDER BY 1, 2")
    with database.connect() as connection:
        connection.execute("ALTER TABLE report_items DROP COLUMN digest")
        connection.execute("UPDATE report_items SET quantity = 20.000 WHERE quantity = 20")
        connection.execute("UPDATE aegis_reports_schema SET version_num = '0001'")
    gateway = gateway_of(database.dsn())
    with pytest.raises(BackendRefused) as caught:
        gateway.find(run_of())

    before = database_of(database.dsn()).carry_out(migrate)

    assert caught.value.code == "reports_not_migrated"
    assert (before.revision, before.pending) == ("0001", ("0002",))
    assert rows(database, "SELECT revision, rank, digest FROM report_items ORDER BY 1, 2") == kept
    stored = gateway.find(run_of())
    assert stored is not None
    assert (stored.is_whole, stored.differences(odd)) == (True, ())


def test_tables_of_somebody_else_are_refused_and_left_alone(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE reports (id integer)")

    with pytest.raises(BackendRefused) as caught:
        database_of(database.dsn()).carry_out(migrate)

    assert caught.value.code == "reports_not_ours"
    assert rows(database, "SELECT to_regclass('report_items')::text") == [(None,)]


def test_a_newer_schema_is_refused(database: Database) -> None:
    gateway = migrated_gateway(database)
    with database.connect() as connection:
        connection.execute("UPDATE aegis_reports_schema SET version_num = '0099'")

    for deed in (
        lambda: database_of(database.dsn()).carry_out(migrate),
        lambda: gateway.find(run_of()),
        lambda: gateway.submit(run_of(), REPORT),
    ):
        with pytest.raises(BackendRefused) as caught:
            deed()
        assert caught.value.code == "reports_newer"


def test_without_tables_the_remedy_is_to_migrate(database: Database) -> None:
    gateway = gateway_of(database.dsn())

    for deed in (lambda: gateway.find(run_of()), lambda: gateway.submit(run_of(), REPORT)):
        with pytest.raises(BackendRefused) as caught:
            deed()
        assert caught.value.code == "reports_not_migrated"
        assert "aegis-batch reports migrate" in caught.value.remedy


# What is kept.


def test_a_report_is_kept_with_its_body_its_digest_and_where_it_came_from(
    database: Database,
) -> None:
    migrated_gateway(database).submit(run_of("shop 2"), REPORT)

    [row] = rows(database, "SELECT * FROM reports")
    assert row == (
        "shop 2",
        "day",
        DAY,
        1,
        True,
        2,
        Decimal("50.50"),
        BODY,
        "sha256:" + hashlib.sha256(BODY.encode()).hexdigest(),
        "run-1",
        AT,
    )
    assert rows(database, "SELECT rank, name, quantity FROM report_items ORDER BY rank") == [
        (1, "Hambúrguer", Decimal(2)),
        (2, "Refrigerante", Decimal(1)),
    ]
    # As an operator would check it, in the database alone.
    assert rows(
        database,
        "SELECT digest = 'sha256:' || encode(sha256(convert_to(body, 'UTF8')), 'hex') FROM reports",
    ) == [(True,)]


def test_a_replaced_report_is_kept_whole_as_a_former_revision(database: Database) -> None:
    gateway = migrated_gateway(database)
    gateway.submit(run_of(), REPORT)

    gateway.replace(replace(run_of(), id="run-2"), OTHER)

    assert rows(
        database,
        "SELECT revision, is_current, total_orders, run_id FROM reports ORDER BY revision",
    ) == [(1, False, 2, "run-1"), (2, True, 3, "run-2")]
    assert rows(database, "SELECT revision, count(*) FROM report_items GROUP BY 1") == [(1, 2)]


def test_the_database_itself_lets_one_revision_count(database: Database) -> None:
    migrated_gateway(database).submit(run_of(), REPORT)

    with database.connect() as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(
            "INSERT INTO reports SELECT tenant, period_kind, first_day, 2, true, total_orders,"
            " total_revenue, body, digest, run_id, recorded_at FROM reports"
        )


def test_closers_of_one_day_wait_for_one_another_and_none_has_to_try_twice(
    database: Database,
) -> None:
    gateway = migrated_gateway(database)
    runs = [replace(run_of(), id=f"run-{number}") for number in range(8)]

    with ThreadPoolExecutor(len(runs)) as pool:
        receipts = list(pool.map(lambda run: gateway.submit(run, REPORT), runs))

    assert [receipt.attempts for receipt in receipts] == [1] * len(runs)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE reports SET total_orders = 7", ["totalOrders"]),
        ("UPDATE reports SET total_revenue = 7", ["totalRevenue"]),
        ("UPDATE report_items SET quantity = 7 WHERE rank = 1", ["topItems", "itemDigest"]),
        ("UPDATE report_items SET digest = 'sha256:0' WHERE rank = 2", ["itemDigest"]),
        ("DELETE FROM report_items", ["topItems"]),
    ],
)
def test_a_figure_changed_by_hand_is_what_others_read_and_so_differs(
    database: Database, change: str, found: list[str]
) -> None:
    gateway = migrated_gateway(database)
    gateway.submit(run_of(), REPORT)
    with database.connect() as connection:
        connection.execute(change.encode())

    stored = gateway.find(run_of())

    assert stored is not None
    assert [difference.field for difference in stored.differences(REPORT)] == found


def test_an_item_changed_by_hand_is_found_in_a_former_revision_too(database: Database) -> None:
    gateway = migrated_gateway(database)
    gateway.submit(run_of(), REPORT)
    gateway.replace(run_of(), replace(OTHER, top_items=REPORT.top_items))
    [question] = [block for block in blocks(PAGE, "sql") if "AS taken" in block]

    whole = rows(database, question)
    with database.connect() as connection:
        connection.execute("UPDATE report_items SET name = 'X' WHERE (revision, rank) = (1, 2)")

    assert whole == []
    [row] = rows(database, question)
    assert row[:5] == (DAY, 1, False, 2, "X")
    # The one that counts is as it was.
    stored = gateway.find(run_of())
    assert stored is not None
    assert stored.is_whole


@pytest.mark.parametrize("column", ["body", "digest"])
def test_a_body_or_a_digest_changed_by_hand_differs_from_any_report_until_it_is_replaced(
    database: Database, column: str
) -> None:
    gateway = migrated_gateway(database)
    gateway.submit(run_of(), REPORT)
    with database.connect() as connection:
        connection.execute(f"UPDATE reports SET {column} = {column} || ' '".encode())

    found = gateway.find(run_of())
    handed_over = gateway.submit(run_of(), REPORT)
    replaced = gateway.replace(run_of(), REPORT)

    assert found is not None
    # The digests of the items cover that of the report.
    difference, *others = found.differences(REPORT)
    assert [each.field for each in others] == ([] if column == "body" else ["itemDigest"])
    assert (difference.field, difference.derived) == ("body", REPORT.digest())
    [(body, kept)] = rows(database, "SELECT body, digest FROM reports WHERE revision = 1")
    assert digest_of_body(body) in difference.stored
    assert f"the digest beside it is {kept}" in difference.stored
    assert not handed_over.created
    assert handed_over.stored == found
    assert (replaced.created, replaced.revision) == (True, 2)
    again = gateway.find(run_of())
    assert again is not None
    assert (again.altered, again.differences(REPORT)) == (None, ())
    assert rows(database, "SELECT revision, is_current FROM reports ORDER BY 1") == [
        (1, False),
        (2, True),
    ]


def test_a_day_whose_body_was_changed_by_hand_is_a_conflict_until_it_is_derived_again(
    database: Database,
) -> None:
    migrated_gateway(database)
    close(database, ORDERS, rebuild=False)
    with database.connect() as connection:
        connection.execute("UPDATE reports SET body = replace(body, ':2,', ':3,')")

    again = close(database, ORDERS, rebuild=False)
    rebuilt = close(database, ORDERS, rebuild=True)
    at_last = close(database, ORDERS, rebuild=False)

    assert (again.outcome, again.revision) == (Outcome.CONFLICT, 1)
    assert again.problem is not None
    assert "altered by hand" in again.problem.message
    assert "--reprocess all" in again.problem.remedy
    assert (rebuilt.outcome, rebuilt.revision) == (Outcome.CREATED, 2)
    assert (at_last.outcome, at_last.revision) == (Outcome.ALREADY_CLOSED, 2)


# What somebody makes of a body, whose digest he then writes anew.
FORGED = {
    "another figure": "replace(body, ':2,', ':3,')",
    "another item": 'replace(body, \'"name":"\', \'"name":"X\')',
    "a space": "body || ' '",
    "no report": "'{}'",
    "no JSON": "'all is well'",
    "a number that nobody can write out": "replace(body, ':2,', ':1e999999999,')",
    "half a character": 'replace(body, \'"name":"\', \'"name":"\\ud800\')',
}


@pytest.mark.parametrize("body", FORGED.values(), ids=FORGED)
def test_a_body_changed_by_hand_together_with_its_digest_is_seen_and_replaced(
    database: Database, body: str
) -> None:
    migrated_gateway(database)
    close(database, ORDERS, rebuild=False)
    with database.connect() as connection:
        connection.execute(f"UPDATE reports SET body = {body}".encode())
        connection.execute(
            "UPDATE reports"
            " SET digest = 'sha256:' || encode(sha256(convert_to(body, 'UTF8')), 'hex')"
        )

    again = close(database, ORDERS, rebuild=False)
    rebuilt = close(database, ORDERS, rebuild=True)
    at_last = close(database, ORDERS, rebuild=False)

    assert (again.outcome, again.revision) == (Outcome.CONFLICT, 1)
    assert again.problem is not None
    assert "altered by hand together with the digest beside it" in again.problem.message
    assert (rebuilt.outcome, rebuilt.revision) == (Outcome.CREATED, 2)
    assert (at_last.outcome, at_last.revision) == (Outcome.ALREADY_CLOSED, 2)


def close(database: Database, orders: tuple[PlacedOrder, ...], *, rebuild: bool) -> CloseResult:
    """Close the day of some orders into a database of reports, as a run of its own."""
    policy = ReportPolicy(
        InMemoryCalendars(Calendar(load_zone(ZONE), ZONE)), Rules(), Versions("1", "2026a", "15")
    )
    use_case = DailyCloseUseCase(
        InMemoryOrderReader(orders),
        gateway_of(database.dsn()),
        InMemoryClock(NOW),
        InMemoryMetricsSink(),
        policy,
    )
    return use_case.close(CloseRequest(f"run-{len(orders)}", "1" * 32, day=DAY, rebuild=rebuild))


def test_a_day_derived_again_replaces_its_report_and_one_closed_again_does_not(
    database: Database,
) -> None:
    migrated_gateway(database)
    first = close(database, ORDERS[:1], rebuild=False)
    again = close(database, ORDERS, rebuild=False)
    rebuilt = close(database, ORDERS, rebuild=True)
    at_last = close(database, ORDERS, rebuild=True)

    ends = [(each.outcome, each.revision) for each in (first, again, rebuilt, at_last)]
    assert ends == [
        (Outcome.CREATED, 1),
        (Outcome.ALREADY_CLOSED, 1),
        (Outcome.CREATED, 2),
        (Outcome.ALREADY_CLOSED, 2),
    ]
    assert rows(
        database, "SELECT revision, is_current, total_orders, run_id FROM reports ORDER BY 1"
    ) == [(1, False, 1, "run-1"), (2, True, 2, "run-2")]


# What goes wrong on the way.


def test_at_rest_no_connection_stays_open(database: Database) -> None:
    gateway = migrated_gateway(database)
    gateway.submit(run_of(), REPORT)
    gateway.find(run_of())

    assert connections(database) == 0


def test_a_server_killed_in_the_middle_keeps_nothing_of_the_report(database: Database) -> None:
    gateway = migrated_gateway(database)
    gateway.submit(run_of(), REPORT)

    def kill(_connection: object, cursor: object, statement: str, *_rest: object) -> None:
        # The former revision counts no more, and the new one is there without its items.
        if statement.startswith("INSERT INTO reports"):
            database.server.kill()

    event.listen(Engine, "after_cursor_execute", kill)
    try:
        with pytest.raises(BackendUnavailable) as caught:
            gateway.replace(run_of(), Report(DAY, 9, Decimal(9), REPORT.top_items))
    finally:
        event.remove(Engine, "after_cursor_execute", kill)

    assert caught.value.retryable
    database.server.revive()
    found = gateway.find(run_of())
    assert found is not None
    assert (found.differences(REPORT), found.revision) == ((), 1)
    assert rows(database, "SELECT count(*) FROM report_items") == [(2,)]


def _break_commits(number_of_them: int, *, before: bool) -> "_BrokenCommits":
    return _BrokenCommits(number_of_them, before=before)


class _BrokenCommits:
    """Ends connections at their commit: before the server heard of it, or after."""

    def __init__(self, left: int, *, before: bool) -> None:
        self._left = left
        self._before = before

    def __enter__(self) -> None:
        event.listen(Engine, "commit", self._commit)

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "commit", self._commit)

    def _commit(self, connection: object) -> None:
        if self._left == 0:
            return
        self._left -= 1
        driver = connection.connection.driver_connection  # type: ignore[attr-defined]
        if not self._before:
            driver.execute("COMMIT")
        raise OperationalError("COMMIT", {}, psycopg.OperationalError("the line is dead"))


@pytest.mark.parametrize("before", [True, False])
def test_a_commit_whose_answer_is_lost_once_is_settled_by_doing_it_again(
    database: Database, *, before: bool
) -> None:
    gateway = migrated_gateway(database)

    with _break_commits(1, before=before):
        receipt = gateway.submit(run_of(), REPORT)

    assert (receipt.created, receipt.attempts, receipt.revision) == (True, 2, 1)
    assert rows(database, "SELECT count(*) FROM reports") == [(1,)]
    assert rows(database, "SELECT count(*) FROM report_items") == [(2,)]


@pytest.mark.parametrize(("before", "kept"), [(True, 0), (False, 1)])
def test_commits_whose_answers_are_all_lost_leave_it_unknown(
    database: Database, *, before: bool, kept: int
) -> None:
    gateway = migrated_gateway(database)

    with _break_commits(3, before=before), pytest.raises(AnswerLost) as caught:
        gateway.submit(run_of(), REPORT)

    assert (caught.value.code, caught.value.attempts) == ("reports_broke_off", 3)
    assert rows(database, "SELECT count(*) FROM reports") == [(kept,)]


def test_a_statement_that_waits_too_long_is_ended(database: Database) -> None:
    migrated_gateway(database)
    gateway_waiting = gateway_of(database.dsn(), statement_timeout_seconds=0.3)
    with database.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE reports IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(BackendUnavailable) as caught:
            gateway_waiting.submit(run_of(), REPORT)

    assert caught.value.code == "reports_timeout"
    assert not isinstance(caught.value, AnswerLost)


def test_a_server_that_falls_silent_is_given_up(database: Database) -> None:
    migrated_gateway(database)
    reports = database_of(database.dsn(), statement_timeout_seconds=0.2, silence_grace_seconds=0.2)

    def freeze(connection: object) -> None:
        database.server.freeze()
        connection.exec_driver_sql("SELECT 1")  # type: ignore[attr-defined]

    with pytest.raises(BackendUnavailable) as caught:
        reports.carry_out(freeze)

    assert caught.value.code == "reports_silent"


@pytest.mark.parametrize(
    ("dsn", "kind", "code"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", BackendUnavailable, "reports_unreachable"),
        ("wrong password", BackendRefused, "reports_login_refused"),
        ("no such database", BackendRefused, "reports_unknown_database"),
    ],
)
def test_what_keeps_it_from_connecting_is_told_by_its_kind(
    database: Database, dsn: str, kind: type[Exception], code: str
) -> None:
    others = {
        "wrong password": database.dsn(password="canary"),
        "no such database": database.server.dsn("nothing_here"),
    }
    gateway = gateway_of(others.get(dsn, dsn), connect_seconds=0.3)

    for deed in (
        lambda: gateway.find(run_of(), once=True),
        lambda: gateway.submit(run_of(), OTHER),
    ):
        with pytest.raises(kind) as caught:
            deed()
        assert caught.value.code == code  # type: ignore[attr-defined]
        assert "canary" not in str(caught.value)


def test_a_replica_that_only_lets_itself_be_read_is_named_as_one(database: Database) -> None:
    gateway = migrated_gateway(database)
    with database.connect() as connection:
        connection.execute(
            f"ALTER DATABASE {database.name} SET default_transaction_read_only = on".encode()
        )

    with pytest.raises(BackendRefused) as caught:
        gateway.submit(run_of(), REPORT)

    assert caught.value.code == "reports_read_only"
    assert gateway.find(run_of()) is None


# Never among the orders.


@pytest.mark.parametrize("user", ["postgres", "plain"])
def test_the_orders_database_is_refused_whatever_way_leads_to_it(
    database: Database, elsewhere: Database, user: str
) -> None:
    dsn = database.dsn()
    if user == "plain":
        with database.connect() as connection:
            connection.execute("DROP ROLE IF EXISTS plain")
            connection.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
            connection.execute(
                "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_control_system() FROM PUBLIC"
            )
        dsn = database.dsn("plain", "plain")
    migrated_gateway(database)
    migrated_gateway(elsewhere)

    with pytest.raises(InvalidRequest) as caught:
        gateway_of(database.dsn(), orders_dsn=dsn).submit(run_of(), REPORT)

    assert caught.value.code == "reports_among_orders"
    assert rows(database, "SELECT count(*) FROM reports") == [(0,)]
    assert gateway_of(elsewhere.dsn(), orders_dsn=dsn).submit(run_of(), REPORT).created
    with database.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS plain")


def test_orders_that_cannot_be_asked_keep_no_report_from_being_kept(elsewhere: Database) -> None:
    migrated_gateway(elsewhere)
    away = "postgresql://nobody@127.0.0.1:1/orders"

    assert gateway_of(elsewhere.dsn(), orders_dsn=away).submit(run_of(), REPORT).created


def test_one_gateway_serves_several_threads(database: Database) -> None:
    gateway = migrated_gateway(database)
    days = [replace(run_of(f"shop {number}"), id=f"run-{number}") for number in range(6)]
    gate = threading.Barrier(len(days))

    def close(number: int) -> bool:
        gate.wait()
        return gateway.submit(days[number], REPORT).created

    with ThreadPoolExecutor(len(days)) as pool:
        assert all(pool.map(close, range(len(days))))
    assert rows(database, "SELECT count(*) FROM reports WHERE is_current") == [(len(days),)]
