"""``serve`` as real processes: nights that come by themselves, and every way to stop."""

import json
import re
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.state.revisions import VERSION_TABLE
from tests.integration.closing import TOKEN
from tests.integration.serving_place import Place, Serving, place_of, wait_for, yesterday
from tests.integration.shop import open_shop
from tests.servers.collector import Collector
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

pytestmark = pytest.mark.measured

FIND = f"/reports/{yesterday()}"
SUBMIT = "/internal/reports/daily"


@pytest.fixture
def shop(database: Database) -> Database:
    open_shop(database)
    with database.connect() as connection:
        connection.execute("TRUNCATE orders, order_items")
        noon = f"{yesterday()}T12:00:00-03:00"
        connection.execute("INSERT INTO orders VALUES (99, %s, 12.50)", (noon,))
        connection.execute("INSERT INTO order_items VALUES (99, 'Tea', 1, 12.50)")
    return database


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    server = SandboxServer(tmp_path / "sandbox.sqlite", TOKEN)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def place(shop: Database, wiremock: WireMockServer, tmp_path: Path) -> Place:
    """A place whose Backend takes each report after a second."""
    _open_days(wiremock, delay_seconds=1)
    return place_of(tmp_path, shop, wiremock.url)


def _open_days(wiremock: WireMockServer, delay_seconds: float) -> None:
    wiremock.reset()
    wiremock.stub("GET", FIND, {"status": 404})
    taken = {"status": 201, "fixedDelayMilliseconds": int(delay_seconds * 1000)}
    wiremock.stub("POST", SUBMIT, taken)


def _posting(wiremock: WireMockServer, serving: Serving) -> None:
    """Wait until a report has arrived whose answer is still to come."""
    serving.wait_for("orders.read")
    wait_for(lambda: wiremock.count("POST", SUBMIT) > 0, "a report to arrive")


def _connections(shop: Database) -> int:
    with shop.connect() as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_yesterday_is_closed_at_its_time_by_a_process_that_tells_how_it_is(
    shop: Database, sandbox: SandboxServer, tmp_path: Path
) -> None:
    place = place_of(tmp_path, shop, sandbox.url)
    assert place.health()[0] == 1

    with place.serving(AEGIS_VERIFY_DAYS="7") as serving:
        [started] = serving.wait_for("serve.started")
        assert started["version"]
        assert (started["executor"], started["state"]) == ("kitchen", str(place.state))
        assert set(started["next"]) == {
            "daily-close",
            "close-deadline",
            "retention",
            "verify-sweep",
        }
        serving.wait_for("job.completed", reportDate=str(yesterday()), outcome="created", orders=1)
        serving.wait_for("job.completed", count=2, job="night")
        status, health = place.health()
        assert (status, health["isWell"], health["executor"]) == (0, True, "kitchen")
        wait_for(lambda: _connections(shop) == 0, "no connection to the orders at rest")

        assert serving.stop() == 143

    [run] = place.runs()
    assert (run["state"], run["outcome"], run["attempt"]) == ("succeeded", "created", 1)
    assert str(yesterday()) in run.values()
    status, health = place.health()
    assert (status, health["isWell"]) == (1, False)
    assert "it stopped in good order" in health["reason"]
    assert TOKEN not in serving.text


def test_the_engines_rows_of_what_ended_long_ago_go_when_it_starts(
    shop: Database, sandbox: SandboxServer, tmp_path: Path
) -> None:
    place = place_of(tmp_path, shop, sandbox.url)
    with place.serving() as serving:
        serving.wait_for("job.completed", reportDate=str(yesterday()), outcome="created")
        assert serving.stop() == 143
    with closing(sqlite3.connect(place.state)) as state, state:
        state.execute("UPDATE workflow_status SET completed_at = 1 WHERE status = 'SUCCESS'")

    with place.serving() as serving:
        serving.wait_for("serve.started")
        with closing(sqlite3.connect(place.state)) as state:
            left = state.execute("SELECT count(*) FROM workflow_status WHERE completed_at = 1")
            assert left.fetchone() == (0,)
        assert serving.stop() == 143

    assert [run["outcome"] for run in place.runs()] == ["created"]


def test_told_to_stop_it_lets_a_close_end_that_runs(place: Place, wiremock: WireMockServer) -> None:
    with place.serving() as serving:
        _posting(wiremock, serving)

        assert serving.stop() == 143

    assert serving.events("serve.stopped")[0]["handedBack"] == []
    assert serving.events("job.completed", outcome="created")
    assert place.runs()[0]["state"] == "succeeded"
    assert wiremock.count("POST", SUBMIT) == 1


def test_what_has_not_ended_in_time_is_handed_back_and_taken_up_by_the_next_start(
    place: Place, wiremock: WireMockServer
) -> None:
    _open_days(wiremock, delay_seconds=30)
    with place.serving(AEGIS_DRAIN_SECONDS="0.3", AEGIS_HTTP_TIMEOUT_SECONDS="60") as serving:
        _posting(wiremock, serving)
        assert serving.stop() == 143
    [stopped] = serving.events("serve.stopped")
    assert len(stopped["handedBack"]) == 1
    assert place.runs()[0]["state"] == "queued"
    assert not serving.events("job.completed", outcome="created")

    _open_days(wiremock, delay_seconds=0)
    with place.serving() as serving:
        serving.wait_for("job.completed", outcome="created")
        assert serving.stop() == 143

    [run] = place.runs()
    assert (run["state"], run["attempt"]) == ("succeeded", 1)
    assert wiremock.count("POST", SUBMIT) == 1


def test_a_second_signal_ends_it_at_once(place: Place, wiremock: WireMockServer) -> None:
    _open_days(wiremock, delay_seconds=40)
    with place.serving(AEGIS_DRAIN_SECONDS="300", AEGIS_HTTP_TIMEOUT_SECONDS="60") as serving:
        _posting(wiremock, serving)
        serving.signal(signal.SIGTERM)
        serving.wait_for("serve.stopping")
        serving.signal(signal.SIGINT)

        assert serving.end() == 130

    assert not serving.events("serve.stopped")


def test_after_a_kill_the_next_start_goes_on_with_what_ran(
    place: Place, wiremock: WireMockServer
) -> None:
    _open_days(wiremock, delay_seconds=30)
    with place.serving(AEGIS_HTTP_TIMEOUT_SECONDS="60") as serving:
        _posting(wiremock, serving)
        assert place.health()[0] == 0
        serving.signal(signal.SIGKILL)
        assert serving.end() == -signal.SIGKILL
    status, health = place.health()
    assert status == 1
    assert "it ended without a word" in health["reason"]

    _open_days(wiremock, delay_seconds=0)
    with place.serving() as serving:
        serving.wait_for("job.completed", outcome="created")
        wait_for(lambda: place.runs()[0]["state"] == "succeeded", "the run to be settled")
        assert place.health()[0] == 0

    assert len(place.runs()) == 1


def test_a_process_that_stands_still_is_not_well_whatever_others_have_said_of_themselves(
    place: Place,
) -> None:
    place.settings["AEGIS_WATCHDOG_SECONDS"] = "4"
    with place.serving() as serving:
        serving.wait_for("serve.started")
        two_hours_ahead = f"{datetime.now(UTC) + timedelta(hours=2):%FT%T.%fZ}"
        with closing(sqlite3.connect(place.state)) as state, state:
            state.execute(
                "INSERT INTO executors (executor, version, started_at, beaten_at, stopped)"
                " SELECT 'bar', version, started_at, ?, 0 FROM executors",
                (two_hours_ahead,),
            )
        assert place.health()[0] == 0

        serving.signal(signal.SIGSTOP)

        wait_for(lambda: place.health()[0] == 1, "health to see that it stands still")
        _, health = place.health()
        assert health["executor"] == "kitchen"
        assert "The process has not ticked for" in health["reason"]
        serving.signal(signal.SIGKILL)


@pytest.mark.parametrize("drain_seconds", ["30", "0.1"])
def test_spans_and_metrics_are_exported_whether_it_ends_by_itself_or_leaves_threads(
    place: Place, wiremock: WireMockServer, collector: Collector, drain_seconds: str
) -> None:
    before = yesterday() - timedelta(days=1)
    wiremock.stub("GET", f"/reports/{before}", {"status": 404})
    # The second day takes longer than a short drain.
    slow = {"status": 201, "fixedDelayMilliseconds": 5_000}
    about = {"bodyPatterns": [{"matchesJsonPath": f"$[?(@.reportDate == '{yesterday()}')]"}]}
    wiremock.stub("POST", SUBMIT, slow, request=about)
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url("http/protobuf"),
        "AEGIS_CLOSE_FROM": str(before),
        "AEGIS_DRAIN_SECONDS": drain_seconds,
    }

    with place.serving(**settings) as serving:
        serving.wait_for("job.completed", reportDate=str(before), outcome="created")
        serving.wait_for("orders.read", reportDate=str(yesterday()))
        assert serving.stop() == 143

    assert len(serving.events("serve.stopped")[0]["handedBack"]) == (drain_seconds == "0.1")
    closes = [span for span in collector.spans(8) if span.name == "close"]
    assert len(closes) == 2
    names = {point.name for point in collector.points(8)}
    assert {"batch_occurrences", "batch_queue_time_ms", "batch_lateness_ms"} <= names
    assert "batch_execution_success" in names


def test_a_second_process_on_one_state_refuses_to_start(place: Place) -> None:
    with place.serving() as first:
        first.wait_for("serve.started")

        second = place.run("serve", AEGIS_EXECUTOR_ID="bar")

        assert second.status == 7
        assert "(kitchen, since " in second.err
        assert "already serves the state" in second.err
        assert "-> Stop that process first" in second.err
        assert place.health()[0] == 0
        assert first.stop() == 143


def test_days_are_closed_at_the_same_time_where_the_settings_say_so(
    place: Place, wiremock: WireMockServer
) -> None:
    days = [yesterday() - timedelta(days=back) for back in (2, 1, 0)]
    for day in days:
        wiremock.stub("GET", f"/reports/{day}", {"status": 404})
    # None of the three is answered before all of them are there.
    taken = {"status": 201, "fixedDelayMilliseconds": 4_000}
    wiremock.stub("POST", SUBMIT, taken)

    with place.serving(AEGIS_WORKER_CONCURRENCY="3", AEGIS_CLOSE_FROM=str(days[0])) as serving:
        serving.wait_for("job.completed", count=3, outcome="created")
        assert serving.stop() == 143

    told = [json.loads(line)["event"] for line in serving.text.splitlines() if line[0] == "{"]
    first_submitted = told.index("report.submitted")
    assert told[:first_submitted].count("orders.read") == 3
    assert {run["state"] for run in place.runs()} == {"succeeded"}


def test_a_process_that_ticks_no_more_ends_itself_and_says_where(place: Place) -> None:
    hung_serve = "tests.integration.hung_serve"
    root = str(Path(__file__).parents[2])
    with place.serving(hung_serve, AEGIS_WATCHDOG_SECONDS="3", PYTHONPATH=root) as serving:
        serving.wait_for("serve.started")

        assert serving.end() == 70

    [hung] = serving.events("serve.hung")
    assert hung["level"] == "CRITICAL"
    assert hung["seconds"] >= 3
    assert re.fullmatch("[a-z]+:[0-9]+", hung["place"])


@pytest.mark.parametrize("watchdog_seconds", ["2", "8"])
def test_a_state_that_stays_locked_ends_the_process_with_a_clear_error(
    place: Place, watchdog_seconds: str
) -> None:
    settings = {"AEGIS_WATCHDOG_SECONDS": watchdog_seconds, "AEGIS_DRAIN_SECONDS": "1"}
    with place.serving(**settings) as serving:
        serving.wait_for("serve.started")
        with closing(sqlite3.connect(place.state, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            serving.wait_for("state.unavailable", code="state_locked")
            serving.wait_for("serve.stopping")

        assert serving.end() == 7

    assert "\naegis-batch: " in serving.text
    assert "locked.\n  -> Try again later" in serving.text


def test_a_state_that_is_away_for_a_moment_is_waited_for(place: Place) -> None:
    with place.serving() as serving:
        serving.wait_for("serve.started")
        with closing(sqlite3.connect(place.state, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            serving.wait_for("state.unavailable")
        serving.wait_for("state.back")
        assert serving.stop() == 143


def test_a_state_that_is_gone_ends_the_process_at_once(place: Place) -> None:
    with place.serving() as serving:
        serving.wait_for("serve.started")
        place.state.rename(place.folder / "elsewhere.db")

        assert serving.end() == 7

    assert "There is no state database at" in serving.text


def test_a_schema_that_is_not_to_be_migrated_is_refused(place: Place) -> None:
    refused = place.run("serve", AEGIS_STATE_MIGRATE="false")
    assert refused.status == 7
    assert "aegis-batch state migrate" in refused.err
    assert not place.state.exists()

    assert place.run("state", "migrate").status == 0
    with place.serving(AEGIS_STATE_MIGRATE="false") as serving:
        serving.wait_for("serve.started")
        assert serving.stop() == 143


def test_a_schema_of_a_newer_program_is_refused(place: Place) -> None:
    assert place.run("state", "migrate").status == 0
    with closing(sqlite3.connect(place.state)) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")

    refused = place.run("serve")

    assert refused.status == 7
    assert "newer than this program" in refused.err


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("AEGIS_SCHEDULE_CRON", "at two", "AEGIS_SCHEDULE_CRON: is no cron expression"),
        ("AEGIS_SCHEDULES_FILE", "nowhere.toml", "AEGIS_SCHEDULES_FILE: nowhere.toml: it can't"),
        ("BACKEND_BASE_URL", "", "BACKEND_BASE_URL: is not set"),
        ("AEGIS_RUN_LIMIT_SECONDS", "10", "AEGIS_RUN_LIMIT_SECONDS allows a run 10 s"),
    ],
)
def test_settings_that_are_wrong_start_nothing(
    place: Place, variable: str, value: str, what: str
) -> None:
    refused = place.run("serve", **{variable: value})

    assert refused.status == 2
    assert what in refused.err
    assert not place.state.exists()


def test_people_are_told_once_of_a_day_that_is_rejected_and_the_night_is_called_failed(
    place: Place, wiremock: WireMockServer, shop: Database
) -> None:
    with shop.connect() as connection:
        connection.execute("UPDATE orders SET total = -1 WHERE id = 99")
    wiremock.stub("POST", "/hook", {"status": 200})
    wiremock.stub("GET", "/beat/fail", {"status": 200})
    told = {
        "AEGIS_NOTIFY_URL": f"{wiremock.url}/hook",
        "AEGIS_HEARTBEAT_URL": f"{wiremock.url}/beat",
    }

    with place.serving(**told) as serving:
        serving.wait_for("job.sent_to_dlq")
        wait_for(lambda: wiremock.count(path="/beat/fail") > 0, "the heartbeat")
        wait_for(lambda: wiremock.count(path="/hook") > 0, "the message")
        serving.wait_for("job.completed", count=3, job="night")
        assert serving.stop() == 143

    [message] = [json.loads(r.body) for r in wiremock.requests() if r.path == "/hook"]
    assert message["event"] == "job.sent_to_dlq"
    assert str(yesterday()) in message["text"]
    assert "orders_rejected" in message["text"]
    assert f"{wiremock.url}/hook" not in serving.text
    assert wiremock.count("POST", SUBMIT) == 0


def test_a_process_that_was_frozen_is_not_taken_for_hung(place: Place) -> None:
    with place.serving(AEGIS_WATCHDOG_SECONDS="2") as serving:
        serving.wait_for("serve.started")
        serving.signal(signal.SIGSTOP)
        wait_for(lambda: _is_stopped(serving.process.pid), "the process to be frozen")
        frozen_at = time.monotonic()
        wait_for(lambda: time.monotonic() - frozen_at > 4, "twice the watchdog's time to pass")
        serving.signal(signal.SIGCONT)
        serving.wait_for("job.completed", count=len(serving.events("job.completed")) + 1)

        assert serving.stop() == 143

    assert not serving.events("serve.hung")


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
