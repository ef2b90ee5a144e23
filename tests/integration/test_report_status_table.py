"""The table daily_reports says which days are closed, where the Backend can't be asked."""

import time
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from aegis_batch.adapters.outbound.http.report_gateway import HttpReportGateway
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.report_status import TableReportStatus
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable, InvalidRequest
from aegis_batch.domain.report import StoredReport, TopItem
from aegis_batch.domain.run import CloseKey, Run
from tests.integration.closing import REPORT
from tests.integration.orders_shop import (
    ROLE_PASSWORD,
    create_role,
    run_sql,
    watched_statements,
)
from tests.servers.postgres import Database

DAY = date(2026, 11, 21)
RUN = Run("run-1", "0" * 31 + "1", CloseKey("default", Period(PeriodKind.DAY, DAY)))
TABLE = (
    "CREATE TABLE daily_reports (report_date date, total_orders int,"
    " total_revenue numeric, top_items jsonb)"
)
ITEMS = """[{"name": "Café", "qty": 3}, {"name": "Tea", "qty": 1.0, "extra": null}]"""


def status_of(
    dsn: str, *, connect_seconds: float = 30.0, statement_timeout_seconds: float = 60.0
) -> TableReportStatus:
    return TableReportStatus(
        OrdersDatabase(
            parse_database_url(dsn),
            connect_seconds=connect_seconds,
            statement_timeout_seconds=statement_timeout_seconds,
        )
    )


def refusal(database: Database) -> BackendRefused:
    with pytest.raises(BackendRefused) as caught:
        status_of(database.dsn()).find(RUN)
    assert caught.value.attempts == 0
    assert "daily_reports" in caught.value.message
    return caught.value


def test_without_a_backend_the_table_can_be_asked_and_nothing_is_handed_over(
    database: Database,
) -> None:
    run_sql(database, TABLE)
    gateway = HttpReportGateway(None, status_of(database.dsn()))

    with closing(gateway):
        assert gateway.find(RUN) is None
        with pytest.raises(InvalidRequest, match="no Backend to hand"):
            gateway.submit(RUN, REPORT)


@pytest.mark.parametrize("kind", [PeriodKind.WEEK, PeriodKind.MONTH])
def test_a_week_or_a_month_is_refused_without_a_look_at_the_table(
    database: Database, kind: PeriodKind
) -> None:
    run_sql(database, TABLE, "INSERT INTO daily_reports VALUES ('2026-06-01', 1, 2, '[]')")
    run = replace(RUN, key=CloseKey("default", Period(kind, date(2026, 6, 1))))

    # Where nothing listens: to look would take long, and end otherwise.
    nowhere = status_of("postgresql://nobody@127.0.0.1:1/nothing")
    for status in (nowhere, status_of(database.dsn())):
        with pytest.raises(BackendRefused) as caught:
            status.find(run)
        assert caught.value.code == "table_holds_days"
        assert f"can't say whether the {run.key.period} is closed" in caught.value.message
        assert "AEGIS_REPORT_STATUS" in caught.value.remedy


def test_a_table_is_part_of_the_identity_and_the_password_to_it_is_not() -> None:
    def identity(dsn: str) -> str:
        return HttpReportGateway(None, status_of(dsn)).identity

    shop = identity("postgresql://ana:first@db.example/shop")

    assert identity("postgres://ben:second@db.example/shop?sslmode=require") == shop
    assert (
        len({shop, identity("postgresql://db.example/other"), identity("postgresql:///shop")}) == 3
    )


def test_a_day_without_a_row_is_open(database: Database) -> None:
    run_sql(database, TABLE, "INSERT INTO daily_reports VALUES ('2026-11-20', 1, 2, '[]')")

    assert status_of(database.dsn()).find(RUN) is None


def test_a_row_is_the_days_report(database: Database) -> None:
    run_sql(
        database,
        TABLE,
        f"INSERT INTO daily_reports VALUES ('2026-11-21', 128, 24560.50, '{ITEMS}')",
    )

    assert status_of(database.dsn()).find(RUN) == StoredReport(
        report_date=DAY,
        total_orders=Decimal(128),
        total_revenue=Decimal("24560.50"),
        top_items=(TopItem("Café", Decimal(3)), TopItem("Tea", Decimal("1.0"))),
    )


def test_a_date_alone_says_that_the_day_is_closed(database: Database) -> None:
    run_sql(
        database,
        "CREATE TABLE daily_reports (report_date date PRIMARY KEY)",
        "INSERT INTO daily_reports VALUES ('2026-11-21')",
    )

    assert status_of(database.dsn()).find(RUN) == StoredReport(DAY)


def test_fields_that_are_null_are_not_known(database: Database) -> None:
    run_sql(
        database,
        TABLE,
        "INSERT INTO daily_reports VALUES ('2026-11-21', NULL, NULL, NULL)",
    )

    assert status_of(database.dsn()).find(RUN) == StoredReport(DAY)


def test_a_list_that_is_the_null_of_json_is_not_known(database: Database) -> None:
    run_sql(database, TABLE, "INSERT INTO daily_reports VALUES ('2026-11-21', 1, 2, 'null'::jsonb)")

    found = status_of(database.dsn()).find(RUN)

    assert found is not None
    assert found.top_items is None


@pytest.mark.parametrize("type_name", ["real", "double precision", "money", "numeric(12, 2)"])
def test_revenue_of_any_kind_of_number_is_read_exactly(database: Database, type_name: str) -> None:
    run_sql(
        database,
        f"CREATE TABLE daily_reports (report_date date, total_revenue {type_name})",
        "INSERT INTO daily_reports VALUES ('2026-11-21', '24560.1')",
    )

    found = status_of(database.dsn()).find(RUN)

    assert found is not None
    assert found.total_revenue == Decimal("24560.1")


def test_a_view_may_stand_for_the_table(database: Database) -> None:
    run_sql(
        database,
        "CREATE TABLE closed (day timestamptz, items json)",
        f"INSERT INTO closed VALUES ('2026-11-21T10:00Z', '{ITEMS}')",
        "CREATE VIEW daily_reports AS SELECT (day AT TIME ZONE 'UTC')::date AS report_date,"
        " items AS top_items FROM closed",
    )

    found = status_of(database.dsn()).find(RUN)

    assert found is not None
    assert found.top_items is not None
    assert [item.name for item in found.top_items] == ["Café", "Tea"]


def test_two_rows_for_a_day_are_refused(database: Database) -> None:
    run_sql(database, TABLE, "INSERT INTO daily_reports VALUES ('2026-11-21'), ('2026-11-21')")

    assert refusal(database).code == "ambiguous_report"


def test_a_missing_table_is_refused_with_the_setting(database: Database) -> None:
    error = refusal(database)

    assert error.code == "missing_table"
    assert "AEGIS_REPORT_STATUS" in error.remedy


def test_a_table_without_dates_is_refused(database: Database) -> None:
    run_sql(database, "CREATE TABLE daily_reports (day date)")

    error = refusal(database)

    assert error.code == "missing_column"
    assert "report_date" in error.message


@pytest.mark.parametrize(
    ("column", "type_name"),
    [
        ("report_date", "timestamptz"),
        ("total_orders", "text"),
        ("total_revenue", "text"),
        ("top_items", "text"),
    ],
)
def test_a_column_of_another_type_is_refused_by_name(
    database: Database, column: str, type_name: str
) -> None:
    types = {"report_date": "date", column: type_name}
    columns = ", ".join(f"{name} {of_type}" for name, of_type in types.items())
    run_sql(database, f"CREATE TABLE daily_reports ({columns})")

    error = refusal(database)

    assert error.code == "unsupported_column_type"
    assert f"daily_reports.{column} is {type_name}" in error.message


@pytest.mark.parametrize(
    ("total_revenue", "top_items"),
    [
        ("'NaN'", "'[]'"),
        ("'Infinity'", "'[]'"),
        ("1", "'{}'"),
        ("1", "'[1]'"),
        ("1", "'[{}]'"),
        ("1", """'[{"name": "Tea"}]'"""),
        ("1", """'[{"name": null, "qty": 1}]'"""),
        ("1", """'[{"name": "Tea", "qty": "1"}]'"""),
        ("1", """'[{"name": "Tea", "qty": null}]'"""),
        ("1", "('[' || repeat('[', 5000) || repeat(']', 5000) || ']')::json"),
    ],
)
def test_a_value_of_another_form_is_refused(
    database: Database, total_revenue: str, top_items: str
) -> None:
    run_sql(
        database,
        TABLE.replace("jsonb", "json"),
        f"INSERT INTO daily_reports VALUES ('2026-11-21', 1, {total_revenue}, {top_items})",
    )

    assert refusal(database).code == "malformed_report"


def test_a_table_that_may_not_be_read_is_refused(database: Database) -> None:
    run_sql(database, TABLE)
    dsn = database.dsn(create_role(database), ROLE_PASSWORD)

    with pytest.raises(BackendRefused) as caught:
        status_of(dsn).find(RUN)

    assert caught.value.code == "permission_denied"
    assert "GRANT SELECT ON daily_reports" in caught.value.remedy


def test_a_wrong_password_is_refused(database: Database) -> None:
    with pytest.raises(BackendRefused) as caught:
        status_of(database.dsn(password="canary")).find(RUN)

    assert caught.value.code == "login_refused"
    assert "canary" not in f"{caught.value} {caught.value!r}"


def test_a_database_that_is_away_makes_the_status_unavailable(database: Database) -> None:
    database.server.stop()

    with pytest.raises(BackendUnavailable) as caught:
        status_of(database.dsn(), connect_seconds=0.5).find(RUN)

    assert caught.value.code == "database_unreachable"
    assert caught.value.attempts == 0
    assert "daily_reports" in caught.value.message


def test_asking_once_does_not_wait_for_a_database_that_is_away(database: Database) -> None:
    database.server.stop()
    started = time.monotonic()

    with pytest.raises(BackendUnavailable):
        status_of(database.dsn()).find(RUN, once=True)

    assert time.monotonic() - started < 5


def test_asking_once_does_not_start_again_when_it_breaks_off(database: Database) -> None:
    run_sql(database, TABLE)
    ask = "SELECT pg_terminate_backend(%s, 5000)"

    def terminate(connection: psycopg.Connection[Any]) -> None:
        with database.connect() as other:
            other.execute(ask, [connection.info.backend_pid])

    with watched_statements() as statements:
        statements.after(1, terminate)
        with pytest.raises(BackendUnavailable) as caught:
            status_of(database.dsn()).find(RUN, once=True)

        assert caught.value.code == "read_broke_off"
        assert statements.count == 1


def test_a_slow_table_makes_the_status_unavailable(database: Database) -> None:
    run_sql(database, TABLE)

    with database.connect() as other, other.transaction():
        other.execute("LOCK TABLE daily_reports")
        with pytest.raises(BackendUnavailable) as caught:
            status_of(database.dsn(), statement_timeout_seconds=0.3).find(RUN)

    assert caught.value.code == "statement_timeout"
