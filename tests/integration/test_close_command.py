"""``close`` as a real process, with a real PostgreSQL and a real WireMock or the sandbox."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.state.location import StateLocation
from tests.integration.answer_line import Line
from tests.integration.answer_table import LINES
from tests.integration.closing import DAY, ORDERS, TOKEN
from tests.integration.program import end, run, start
from tests.integration.shop import CLOSE, open_shop, settings_for
from tests.servers.ground import wait_until
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

# One line for each row of the design's table: every line itself is held by test_answer_table.
_ROWS = (
    "find the report",
    "find a page",
    "find 401",
    "find 503",
    "find a reset",
    "submit 201",
    "submit 200, equal",
    "submit 200, another revenue",
    "submit 200 with nothing, then find it equal",
    "submit 200 with nothing, then find it different",
    "submit 202",
    "submit 302 elsewhere",
    "submit 409",
    "submit 429",
    "submit 500",
    "submit 503, then 201",
    "submit a reset, then 201",
    "submit a reset, then find it equal",
    "submit a reset, then find it different",
    "submit a reset, then find nothing",
    "submit garbage, then find nothing",
    "submit a body of 100 MB, then find nothing",
    "submit JSON 100,000 deep, then find nothing",
)
_BY_NAME = {line.name: line for line in LINES}


@pytest.fixture
def shop(database: Database) -> Database:
    open_shop(database)
    return database


@pytest.mark.parametrize("line", [_BY_NAME[name] for name in _ROWS], ids=_ROWS)
def test_an_answer_leads_to_its_exit_status(
    shop: Database, wiremock: WireMockServer, tmp_path: Path, line: Line
) -> None:
    line.arm(wiremock)
    settings = {
        **settings_for(shop, wiremock.url, TOKEN),
        "AEGIS_HTTP_TIMEOUT_SECONDS": str(line.timeout_seconds),
    }

    ended = run(CLOSE, settings, tmp_path)

    assert ended.status == line.exit_status, ended.err
    told = ended.told
    assert told["outcome"] == line.outcome
    submission = told["submission"]
    assert line.submission == (submission and (submission["attempts"], submission["status"]))
    assert (line.error and line.error.code) == (told["error"] and told["error"]["code"])
    line.check_requests(wiremock)


def test_closing_twice_makes_one_post(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    first = _BY_NAME["submit 201"]
    first.arm(wiremock)
    settings = settings_for(shop, wiremock.url, TOKEN)
    body = run(CLOSE, settings, tmp_path).told["report"]
    wiremock.stub(
        "GET", f"/reports/{DAY}", {"status": 200, "jsonBody": {**body, "id": 7}}, priority=1
    )

    again = run(CLOSE, settings, tmp_path)

    assert again.status == 0
    assert again.told["outcome"] == "already_closed"
    assert again.told["alreadyClosed"] is True
    assert wiremock.count("POST") == 1


def test_ten_at_once_that_know_nothing_of_one_another_make_one_report(
    shop: Database, tmp_path: Path
) -> None:
    sandbox = SandboxServer(tmp_path / "backend.sqlite", TOKEN)
    sandbox.start()
    try:
        settings = settings_for(shop, sandbox.url, TOKEN)
        # On a state that they share they would hold leases.
        states = [StateLocation(tmp_path / f"{number}.db").url for number in range(10)]
        processes = [start(CLOSE, {**settings, "AEGIS_STATE_URL": url}, tmp_path) for url in states]
        ended = [end(process) for process in processes]
    finally:
        sandbox.stop()

    assert [one.status for one in ended] == [0] * 10
    outcomes = Counter(one.told["outcome"] for one in ended)
    assert outcomes["created"] == 1
    assert outcomes["already_closed"] == 9
    created = Counter(
        one.told["submission"]["status"] for one in ended if one.told["submission"] is not None
    )
    assert created[201] == 1


def test_a_dry_run_needs_no_backend_and_sends_nothing(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    ended = run([*CLOSE, "--dry-run"], {"DATABASE_URL": shop.dsn()}, tmp_path)

    assert ended.status == 0
    assert ended.told["outcome"] == "dry_run"
    assert ended.told["alreadyClosed"] is None
    assert '"totalRevenue":50.50,' in ended.out
    assert wiremock.count() == 0


@pytest.mark.parametrize(
    ("name", "already_closed", "code"),
    [
        ("find the report", True, None),
        ("submit 201", False, None),
        ("find 503", None, "backend_failing"),
    ],
)
def test_a_dry_run_says_what_the_backend_has(  # noqa: PLR0913, PLR0917 - a table's row
    shop: Database,
    wiremock: WireMockServer,
    tmp_path: Path,
    name: str,
    already_closed: bool | None,  # noqa: FBT001 - as the result has it
    code: str | None,
) -> None:
    _BY_NAME[name].arm(wiremock)

    ended = run([*CLOSE, "--dry-run"], settings_for(shop, wiremock.url, TOKEN), tmp_path)

    assert (ended.status, ended.told["outcome"]) == (0, "dry_run")
    assert ended.told["alreadyClosed"] is already_closed
    assert (ended.told["error"] and ended.told["error"]["code"]) == code
    assert wiremock.count("POST") == 0


def test_a_dry_run_says_how_the_backends_report_differs(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    wiremock.stub(
        "GET",
        f"/reports/{DAY}",
        {"status": 200, "jsonBody": {"reportDate": DAY.isoformat(), "totalOrders": 3}},
    )

    ended = run([*CLOSE, "--dry-run"], settings_for(shop, wiremock.url, TOKEN), tmp_path)

    assert (ended.status, ended.told["outcome"]) == (0, "dry_run")
    assert "totalOrders is 2 here and 3 at the Backend" in ended.told["error"]["message"]


def test_broken_orders_are_rejected_and_nothing_is_sent(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    with shop.connect() as connection:
        connection.execute("UPDATE orders SET total = 'NaN' WHERE id = 17")
    _BY_NAME["submit 201"].arm(wiremock)

    ended = run(CLOSE, settings_for(shop, wiremock.url, TOKEN), tmp_path)

    assert ended.status == 3
    assert ended.told["violations"] == [
        {"rule": "invalid_number", "action": "reject", "count": 1, "orders": ["17"]}
    ]
    assert wiremock.count("POST") == 0


def test_a_table_of_reports_can_say_what_is_closed(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    with shop.connect() as connection:
        connection.execute("CREATE TABLE daily_reports (report_date date PRIMARY KEY)")
    wiremock.stub("POST", "/internal/reports/daily", {"status": 201})
    settings = {**settings_for(shop, wiremock.url, TOKEN), "AEGIS_REPORT_STATUS": "table"}

    assert run(CLOSE, settings, tmp_path).told["outcome"] == "created"
    with shop.connect() as connection:
        connection.execute("INSERT INTO daily_reports VALUES (%s)", (DAY,))
    assert run(CLOSE, settings, tmp_path).told["outcome"] == "already_closed"
    assert (wiremock.count("GET"), wiremock.count("POST")) == (0, 1)


def test_a_dry_run_asks_the_table_of_reports_without_a_backend(
    shop: Database, tmp_path: Path
) -> None:
    with shop.connect() as connection:
        connection.execute("CREATE TABLE daily_reports (report_date date PRIMARY KEY)")
        connection.execute("INSERT INTO daily_reports VALUES (%s)", (DAY,))
    settings = {"DATABASE_URL": shop.dsn(), "AEGIS_REPORT_STATUS": "table"}

    ended = run([*CLOSE, "--dry-run"], settings, tmp_path)

    assert (ended.status, ended.told["alreadyClosed"]) == (0, True)


@pytest.mark.parametrize("name", ["BACKEND_BASE_URL", "X_SERVICE_TOKEN"])
def test_a_dry_run_with_half_a_backend_names_what_it_needs(
    shop: Database, tmp_path: Path, name: str
) -> None:
    settings = {"DATABASE_URL": shop.dsn(), name: settings_for(shop, "http://[::1]", TOKEN)[name]}

    ended = run([*CLOSE[:-2], "--dry-run"], settings, tmp_path)

    # However wide the table is.
    told = " ".join(ended.out.split())
    assert "not asked: see BACKEND_BASE_URL, X_SERVICE_TOKEN and AEGIS_REPORT" in told


def test_without_a_source_of_reports_the_post_alone_decides(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    wiremock.stub("POST", "/internal/reports/daily", {"status": 200})
    settings = {**settings_for(shop, wiremock.url, TOKEN), "AEGIS_REPORT_STATUS": "none"}

    ended = run(CLOSE, settings, tmp_path)

    assert (ended.status, ended.told["outcome"]) == (0, "already_closed")
    assert (wiremock.count("GET"), wiremock.count("POST")) == (0, 1)


def test_orders_that_cant_be_read_have_their_status(
    database: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    _BY_NAME["submit 201"].arm(wiremock)
    settings = settings_for(database, wiremock.url, TOKEN)

    missing = run(CLOSE, settings, tmp_path)

    assert missing.status == 6
    assert missing.told["error"]["code"] == "missing_table"
    assert "orders" in missing.told["error"]["message"]
    assert missing.told["error"]["retryable"] is False


def test_a_database_that_is_away_may_come_back(
    wiremock: WireMockServer, database: Database, tmp_path: Path
) -> None:
    _BY_NAME["submit 201"].arm(wiremock)
    settings = {
        **settings_for(database, wiremock.url, TOKEN),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "AEGIS_DB_CONNECT_SECONDS": "0.2",
    }

    ended = run(CLOSE, settings, tmp_path)

    assert ended.status == 6
    assert ended.told["error"]["retryable"] is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_everything_left_fit_to_go_on(
    shop: Database, wiremock: WireMockServer, tmp_path: Path, number: signal.Signals
) -> None:
    wiremock.stub("GET", f"/reports/{DAY}", {"status": 404, "fixedDelayMilliseconds": 60_000})
    settings = {
        **settings_for(shop, wiremock.url, TOKEN),
        "AEGIS_HTTP_TIMEOUT_SECONDS": "120",
    }
    process = start(CLOSE, settings, tmp_path)
    # The log tells when the close has begun, and with it the wait for the answer.
    assert process.stderr is not None
    assert '"event":"job.started"' in process.stderr.readline()

    process.send_signal(number)
    ended = end(process)

    assert ended.status == 128 + number
    assert ended.told["error"]["code"] == "stopped"
    assert "Traceback" not in ended.err
    wiremock.reset()
    _BY_NAME["submit 201"].arm(wiremock)
    assert run(CLOSE, settings, tmp_path).told["outcome"] == "created"


def test_a_stop_while_the_report_is_sent_tells_what_is_known(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    wiremock.stub("GET", f"/reports/{DAY}", {"status": 404})
    wiremock.stub(
        "POST", "/internal/reports/daily", {"status": 201, "fixedDelayMilliseconds": 60_000}
    )
    settings = {**settings_for(shop, wiremock.url, TOKEN), "AEGIS_HTTP_TIMEOUT_SECONDS": "120"}
    process = start(CLOSE, settings, tmp_path)
    wait_until(lambda: wiremock.count("POST") == 1, what="the POST", timeout_seconds=60)

    process.send_signal(signal.SIGTERM)
    ended = end(process)

    assert ended.status == 143
    assert ended.told["submission"] == {"attempts": 1, "status": None}
    assert ended.told["alreadyClosed"] is None
    assert ended.told["report"]["totalOrders"] == len(ORDERS)
    assert ended.told["seal"]["ordersRead"] == len(ORDERS)
    assert '"event":"job.failed"' in ended.err.splitlines()[-1]
    assert '"stopped"' in ended.err.splitlines()[-1]


def test_a_result_that_nobody_takes_is_said_and_not_traced(shop: Database, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": shop.dsn(), "AEGIS_LOG_LEVEL": "ERROR"}
    process = start([*CLOSE, "--dry-run"], settings, tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    wait_until(lambda: process.poll() is not None, what="the end", timeout_seconds=60)
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.returncode == 70
    assert err == "aegis-batch: the result could not be written to standard output.\n"
