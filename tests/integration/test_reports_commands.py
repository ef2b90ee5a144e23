"""The program as people run it without a Backend: its reports go into a database."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from tests.integration.closing import BODY, DAY, TOKEN
from tests.integration.program import run
from tests.integration.reports_place import another_database, rows, settings_with
from tests.integration.serving_place import Place, yesterday
from tests.integration.shop import CLOSE, open_shop
from tests.servers.postgres import Database

pytestmark = pytest.mark.measured

MIGRATE = ("reports", "migrate", "--output", "json")
STATUS = ("reports", "status", "--output", "json")


@pytest.fixture
def reports(database: Database) -> Iterator[Database]:
    """An empty database, beside a shop's."""
    open_shop(database)
    with another_database(database) as found:
        yield found


@pytest.fixture
def settings(database: Database, reports: Database) -> dict[str, str]:
    return settings_with(database, reports.dsn())


def test_a_day_is_closed_into_tables_and_found_there(
    settings: dict[str, str], reports: Database, tmp_path: Path
) -> None:
    before = run(STATUS, settings, tmp_path)
    assert (before.status, before.told["revision"]) == (1, None)
    assert run(MIGRATE, settings, tmp_path).told["applied"] == ["0001", "0002"]
    assert run(STATUS, settings, tmp_path).status == 0

    rehearsed = run(
        ("close", "--date", f"{DAY}", "--dry-run", "--output", "json"), settings, tmp_path
    )
    closed = run(CLOSE, settings, tmp_path)
    again = run(CLOSE, settings, tmp_path)

    assert (rehearsed.told["outcome"], rehearsed.told["alreadyClosed"]) == ("dry_run", False)
    assert (closed.status, closed.told["outcome"], closed.told["revision"]) == (0, "created", 1)
    assert closed.told["submission"] == {"attempts": 1, "status": 201}
    assert (again.status, again.told["outcome"]) == (0, "already_closed")
    assert again.told["report"] == closed.told["report"]
    assert rows(reports, "SELECT body, run_id FROM reports") == [(BODY, closed.told["runId"])]
    history = run(("runs", "show", closed.told["runId"]), settings, tmp_path)
    assert "report.recorded" in history.out
    assert "revision=1" in history.out


def test_text_says_where_the_report_is(
    settings: dict[str, str], reports: Database, tmp_path: Path
) -> None:
    del reports
    close = ("close", "--date", f"{DAY}")
    refused = run(close, settings, tmp_path)
    assert refused.status == 4
    assert "Run: aegis-batch reports migrate" in refused.err
    migrated = run(MIGRATE[:2], settings, tmp_path)
    assert migrated.out.startswith("The tables of reports are made in 127.0.0.1:")

    assert "closed: the report is in the reports' database" in run(close, settings, tmp_path).out
    assert "was closed already: the reports' database has revision 1" in (
        run(close, settings, tmp_path).out
    )


def test_orders_that_changed_after_the_close_are_a_conflict_for_a_dry_run(
    settings: dict[str, str], database: Database, reports: Database, tmp_path: Path
) -> None:
    del reports
    run(MIGRATE, settings, tmp_path)
    run(CLOSE, settings, tmp_path)
    with database.connect() as connection:
        connection.execute("UPDATE orders SET total = total + 1")

    told = run((*CLOSE, "--dry-run"), settings, tmp_path).told

    assert told["error"]["code"] == "conflict"
    assert "--reprocess all" in told["error"]["remedy"]


def test_whatever_looks_at_a_closed_day_names_the_database_and_no_backend(
    settings: dict[str, str], database: Database, reports: Database, tmp_path: Path
) -> None:
    settings = {**settings, "AEGIS_STATE_URL": f"sqlite:///{tmp_path / 'state.db'}"}
    day = ("--from", f"{DAY}", "--to", f"{DAY}")
    run(MIGRATE, settings, tmp_path)
    run(CLOSE, settings, tmp_path)
    with reports.connect() as connection:
        connection.execute("DELETE FROM report_items")
        connection.execute("DELETE FROM reports")
    missing = [
        run(command, settings, tmp_path)
        for command in (
            ("verify", *day),
            ("prove", f"{DAY}"),
            ("prove", f"{DAY}", "--output", "json"),
            ("prove", f"{DAY}", "--output", "html"),
        )
    ]
    run(CLOSE, settings, tmp_path)
    with database.connect() as connection:
        connection.execute("UPDATE orders SET total = total + 1")

    conflict = run(("backfill", "--dry-run", *day), settings, tmp_path)
    rehearsed = run(("close", "--date", f"{DAY}", "--dry-run"), settings, tmp_path)

    for ended in missing:
        assert ended.status == 1
        assert "the reports' database has no report" in unescape(ended.out)
    for ended in (*missing, conflict, rehearsed):
        assert "Backend" not in ended.out + ended.err
    assert "  reports' database  " in conflict.out.splitlines()[0]
    assert "differs" in conflict.out.splitlines()[1]
    assert "reports' database  has a different report already" in rehearsed.out


def test_an_item_whose_digest_does_not_fit_is_a_conflict_wherever_one_looks(
    settings: dict[str, str], reports: Database, tmp_path: Path
) -> None:
    settings = {**settings, "AEGIS_STATE_URL": f"sqlite:///{tmp_path / 'state.db'}"}
    run(MIGRATE, settings, tmp_path)
    run(CLOSE, settings, tmp_path)
    with reports.connect() as connection:
        connection.execute("UPDATE report_items SET digest = 'sha256:0' WHERE rank = 2")

    verified = run(("verify", "--from", f"{DAY}", "--to", f"{DAY}"), settings, tmp_path)
    proved = run(("prove", f"{DAY}"), settings, tmp_path)
    closed = run(CLOSE, settings, tmp_path)

    assert f"{DAY}  conflict" in verified.out
    assert (verified.status, proved.status) == (1, 1)
    assert closed.told["outcome"] == "conflict"
    for out in (verified.out, proved.out, closed.out):
        assert "(rank 2) here and sha256:0, altered by hand" in " ".join(out.split())


def test_a_body_and_its_digest_that_were_changed_together_are_a_conflict_wherever_one_looks(
    settings: dict[str, str], reports: Database, tmp_path: Path
) -> None:
    settings = {**settings, "AEGIS_STATE_URL": f"sqlite:///{tmp_path / 'state.db'}"}
    run(MIGRATE, settings, tmp_path)
    run(CLOSE, settings, tmp_path)
    with reports.connect() as connection:
        connection.execute("""UPDATE reports SET body = replace(body, '"name":"', '"name":"X')""")
        connection.execute(
            "UPDATE reports"
            " SET digest = 'sha256:' || encode(sha256(convert_to(body, 'UTF8')), 'hex')"
        )

    verified = run(("verify", "--from", f"{DAY}", "--to", f"{DAY}"), settings, tmp_path)
    proved = run(("prove", f"{DAY}"), settings, tmp_path)
    closed = run(CLOSE, settings, tmp_path)

    assert f"{DAY}  conflict" in verified.out
    assert (verified.status, proved.status) == (1, 1)
    assert closed.told["outcome"] == "conflict"
    for out in (verified.out, proved.out, closed.out):
        assert "altered by hand together with the digest beside it" in " ".join(out.split())


@pytest.mark.parametrize("arguments", [MIGRATE, STATUS, CLOSE])
def test_the_orders_database_is_refused_by_its_address(
    settings: dict[str, str], database: Database, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    address = database.dsn().replace("127.0.0.1", "localhost")

    ended = run(arguments, {**settings, "AEGIS_REPORTS_URL": address}, tmp_path)

    assert ended.status == 2
    assert "names the orders' database" in ended.told["error"]["message"]
    assert rows(database, "SELECT to_regclass('reports')::text") == [(None,)]


def other_way_to(database: Database) -> str:
    """Return an address that doesn't look like the database's own, but leads there."""
    return database.dsn().replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - nothing is bound to it


def test_the_orders_database_is_refused_by_what_its_server_says(
    settings: dict[str, str], database: Database, reports: Database, tmp_path: Path
) -> None:
    run(MIGRATE, settings, tmp_path)
    hidden = {**settings, "AEGIS_REPORTS_URL": other_way_to(database)}
    migrated = run(MIGRATE, hidden, tmp_path)
    looked = run(("doctor", "--output", "json"), hidden, tmp_path)
    # Orders that came into the database of reports after its tables.
    open_shop(reports)
    closed = run(CLOSE, {**settings, "DATABASE_URL": other_way_to(reports)}, tmp_path)

    for ended in (migrated, closed):
        assert ended.status == 2
        assert ended.told["error"]["code"] == "reports_among_orders"
    assert rows(database, "SELECT to_regclass('reports')::text") == [(None,)]
    assert rows(reports, "SELECT count(*) FROM reports") == [(0,)]
    assert verdict(looked.told, "reports.place") == "fail"


def verdict(told: dict[str, object], name: str) -> object:
    checks = told["checks"]
    assert isinstance(checks, list)
    [found] = [check for check in checks if check["name"] == name]
    return found["verdict"]


def test_a_server_that_is_away_is_a_passing_failure(
    settings: dict[str, str], tmp_path: Path
) -> None:
    away = {
        **settings,
        "AEGIS_REPORTS_URL": "postgresql://nobody@127.0.0.1:1/reports",
        "AEGIS_DB_CONNECT_SECONDS": "0.2",
    }

    for arguments in (MIGRATE, STATUS, CLOSE):
        ended = run(arguments, away, tmp_path)
        assert ended.status == 5
        assert ended.told["error"]["code"] == "reports_unreachable"
        assert ended.told["error"]["retryable"] is True


def test_the_checkup_looks_at_the_database_in_place_of_a_backend(
    settings: dict[str, str], reports: Database, tmp_path: Path
) -> None:
    del reports
    doctor = ("doctor", "--output", "json")
    before = run(doctor, settings, tmp_path).told
    run(MIGRATE, settings, tmp_path)

    after = run(doctor, settings, tmp_path).told

    assert verdict(before, "reports.schema") == "fail"
    assert [verdict(after, f"reports.{name}") for name in ("place", "schema", "answer")] == [
        "ok"
    ] * 3
    # Its role is the server's own.
    assert verdict(after, "reports.rights") == "warn"
    assert not [check for check in after["checks"] if check["name"].startswith("backend.")]


def test_without_an_address_it_says_what_is_missing(
    settings: dict[str, str], tmp_path: Path
) -> None:
    given = {name: value for name, value in settings.items() if name != "AEGIS_REPORTS_URL"}

    for arguments in (MIGRATE, STATUS, CLOSE):
        ended = run(arguments, given, tmp_path)
        assert ended.status == 2
        assert "AEGIS_REPORTS_URL" in ended.told["error"]["message"]
    unsaid = {name: value for name, value in settings.items() if name != "AEGIS_REPORT_GATEWAY"}
    told = run(CLOSE, {**unsaid, "X_SERVICE_TOKEN": TOKEN}, tmp_path).told
    assert "AEGIS_REPORT_GATEWAY: is not set" in told["error"]["message"]


def test_nights_close_days_into_the_database_and_leave_no_connection(
    settings: dict[str, str], database: Database, reports: Database, tmp_path: Path
) -> None:
    with database.connect() as connection:
        noon = f"{yesterday()}T12:00:00-03:00"
        connection.execute("INSERT INTO orders VALUES (99, %s, 12.50)", (noon,))
        connection.execute("INSERT INTO order_items VALUES (99, 'Tea', 1, 12.50)")
    place = Place(tmp_path, settings)
    place.run(*MIGRATE)

    with place.serving() as serving:
        serving.wait_for("report.recorded", status=201, revision=1)
        serving.wait_for("job.completed", job="night")
        # The deadline's check asks the same database, and finds nothing overdue.
        place.run("schedules", "trigger", "close-deadline")
        serving.wait_for("job.completed", job="deadline")
        assert serving.events("day.overdue") == []
        assert serving.stop() == ExitStatus.TERMINATED

    assert rows(reports, "SELECT first_day, total_orders FROM reports WHERE is_current") == [
        (yesterday(), 1)
    ]
    assert rows(
        reports,
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    ) == [(0,)]
    [closed] = place.runs()
    assert (closed["state"], closed["outcome"]) == ("succeeded", "created")
