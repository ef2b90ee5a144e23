"""Nights that nobody was there for, and a night in which the Backend was down all along."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import TOKEN
from tests.integration.fake_time import living_at
from tests.integration.serving_place import ZONE, Place, place_of
from tests.integration.shop import open_shop
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

NOON = datetime(2026, 11, 10, 12, tzinfo=ZONE)
DAYS = [str((NOON + timedelta(days=ahead)).date()) for ahead in range(4)]
SUBMIT = "/internal/reports/daily"
# A night of four hours in two seconds.
FAST = 7_200


@pytest.fixture
def shop(database: Database) -> Database:
    """A shop with an order on each of the days."""
    open_shop(database)
    with database.connect() as connection:
        connection.execute("TRUNCATE orders, order_items")
        for number, day in enumerate(DAYS):
            noon = f"{day}T12:00:00-03:00"
            connection.execute("INSERT INTO orders VALUES (%s, %s, 12.50)", (number, noon))
            connection.execute("INSERT INTO order_items VALUES (%s, 'Tea', 1, 12.50)", (number,))
    return database


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    server = SandboxServer(tmp_path / "sandbox.sqlite", TOKEN)
    server.start()
    yield server
    server.stop()


def nightly(folder: Path, shop: Database, backend_url: str) -> Place:
    """Return a place where nights come at two o'clock, with a schedule that is known since noon."""
    place = place_of(
        folder,
        shop,
        backend_url,
        AEGIS_SCHEDULE_CRON="0 0 2 * * *",
        AEGIS_CLOSE_FROM=DAYS[0],
        AEGIS_DB_CONNECT_SECONDS="60",
    )
    with place.serving(**living_at(NOON)) as serving:
        [started] = serving.wait_for("serve.started")
        assert started["next"]["daily-close"] == f"{DAYS[1]}T05:00:00+00:00"
        assert serving.stop() == 143
    return place


def test_stopped_over_three_nights_it_closes_the_three_days_oldest_first(
    shop: Database, sandbox: SandboxServer, tmp_path: Path
) -> None:
    place = nightly(tmp_path, shop, sandbox.url)

    with place.serving(**living_at(NOON + timedelta(days=3))) as serving:
        serving.wait_for("job.completed", count=3, outcome="created")
        assert serving.stop() == 143

    closed = serving.events("job.completed", outcome="created")
    assert [line["reportDate"] for line in closed] == DAYS[:3]
    assert [(run["state"], run["attempt"]) for run in place.runs()] == [("succeeded", 1)] * 3
    shown = place.run("schedules", "show", "daily-close", "--output", "json").told
    decided = {line["nominal"]: line["decision"] for line in shown["occurrences"]}
    assert decided == {
        f"{DAYS[1]}T05:00:00Z": "SUPERSEDED",
        f"{DAYS[2]}T05:00:00Z": "SUPERSEDED",
        f"{DAYS[3]}T05:00:00Z": "RAN",
    }
    [night] = place.runs("night")
    assert night["state"] == "succeeded"
    [ran] = [line for line in shown["occurrences"] if line["decision"] == "RAN"]
    assert ran["runId"] == night["id"]


def test_a_backend_that_is_down_all_night_is_waited_for_and_holds_up_no_day_after(
    shop: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    place = nightly(tmp_path, shop, wiremock.url)
    for day in DAYS:
        wiremock.stub("GET", f"/reports/{day}", {"status": 503})
    wiremock.stub("POST", SUBMIT, {"status": 201})
    waits = {"AEGIS_RETRY_SECONDS": "60,120,240,900"}

    with place.serving(**waits, **living_at(NOON + timedelta(hours=13), FAST)) as serving:
        # The deadline passes, and the whole night with it.
        serving.wait_for("day.overdue", reportDate=DAYS[0])
        assert not serving.events("job.completed", outcome="created")

        # It is back but for one day; the next night comes, and closes the next day.
        for day in DAYS[1:]:
            wiremock.stub("GET", f"/reports/{day}", {"status": 404})
        serving.wait_for("job.completed", outcome="created", reportDate=DAYS[1])
        assert len(serving.events("job.retried", reportDate=DAYS[0])) > 3
        assert not serving.events("job.completed", outcome="created", reportDate=DAYS[0])

        wiremock.stub("GET", f"/reports/{DAYS[0]}", {"status": 404})
        serving.wait_for("job.completed", outcome="created", reportDate=DAYS[0])
        assert serving.stop() == 143

    first_days = [run for run in place.runs() if run["date"] in DAYS[:2]]
    assert [run["state"] for run in first_days] == ["succeeded"] * 2
    assert not serving.events("job.sent_to_dlq")
