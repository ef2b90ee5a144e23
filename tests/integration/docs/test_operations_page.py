"""docs/operations.md: each trouble is really made, and its commands print what the page shows."""

import json
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.state.revisions import VERSION_TABLE
from tests.integration.closing import TOKEN
from tests.integration.docs.followed_page import RUN_ID, FollowedSection, sections_of, steady
from tests.integration.serving_place import Place, Serving, place_of, wait_for, yesterday
from tests.integration.shop import open_shop
from tests.servers.ground import free_port
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer
from tests.unit.docs.pages import blocks, read_page

SECTIONS = sections_of(read_page("docs/operations.md"))
# The part before the first heading too.
START = "On call"
TEXTS = {START: read_page("docs/operations.md").partition("\n## ")[0], **SECTIONS}
FOLLOWED = {
    START,
    "The Backend was down all night",
    "A day was rejected",
    "A day is in conflict",
    "Nights were missed",
    "serve hangs, or starts again and again",
    "The state is in use, locked or full",
    "The state is damaged",
    "The state is lost",
    "A deploy went wrong",
    "Make a backup, and go back to it",
    "Move to another machine",
    "Pause for maintenance",
}
DAYS = [yesterday() - timedelta(days=back) for back in (2, 1, 0)]
# As on Fly, and quick to give up what can't be had; nights come when they are called for.
SETTINGS = {
    "AEGIS_EXECUTOR_ID": "shop-1",
    "AEGIS_SCHEDULE_CRON": "0 0 2 * * *",
    "AEGIS_CLOSE_DEADLINE": "06:00",
    "AEGIS_VERIFY_DAYS": "7",
    "AEGIS_RETRY_SECONDS": "600",
}


@dataclass
class Backend:
    """A stand-in Backend that can be away, at one address."""

    folder: Path
    port: int
    server: SandboxServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.server = SandboxServer(self.folder / "backend.sqlite", TOKEN, port=self.port)
        self.server.start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    backend = Backend(tmp_path, free_port())
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def shop(database: Database) -> Database:
    open_shop(database)
    with database.connect() as connection:
        connection.execute("TRUNCATE orders, order_items")
        for number, day in enumerate(DAYS, start=98):
            noon = f"{day}T12:00:00-03:00"
            connection.execute("INSERT INTO orders VALUES (%s, %s, 12.50)", (number, noon))
            connection.execute("INSERT INTO order_items VALUES (%s, 'Tea', 1, 12.50)", (number,))
    return database


@pytest.fixture
def place(shop: Database, backend: Backend, tmp_path: Path) -> Place:
    folder = tmp_path / "data"
    folder.mkdir()
    return place_of(folder, shop, backend.url, **SETTINGS)


@contextmanager
def following(heading: str, place: Place, **settings: str) -> Iterator[FollowedSection]:
    """Yield a section, and see that all its commands have been run in the end."""
    section = FollowedSection(TEXTS[heading], place.folder, {**place.settings, **settings})
    yield section
    assert section.is_done


@contextmanager
def served(place: Place, **settings: str) -> Iterator[Serving]:
    """Serve, from when schedules can be triggered."""
    with place.serving(**settings) as serving:
        serving.wait_for("serve.started")
        yield serving


def night(place: Place, serving: Serving) -> None:
    """Have a night come now, and wait for its end."""
    count = len(serving.events("job.completed", job="night"))
    assert place.run("schedules", "trigger", "daily-close").status == 0
    serving.wait_for("job.completed", count=count + 1, job="night")


def states(place: Place) -> list[str]:
    return [run["state"] for run in place.runs()]


def all_succeeded(place: Place, count: int) -> None:
    wait_for(lambda: states(place) == ["succeeded"] * count, f"{count} closes")


def change(place: Place, statement: str, *values: object) -> None:
    """Change the state's file behind the program's back."""
    with closing(sqlite3.connect(place.state)) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0


def closed_days(place: Place) -> None:
    """Serve until yesterday is closed, and stop."""
    with served(place) as serving:
        night(place, serving)
        all_succeeded(place, 1)
        assert serving.stop() == 143


def is_shown(told: bytes, place: Place) -> bool:
    """Say whether docs/schedules.md shows a message to people, ids and times aside."""
    page = FollowedSection("", place.folder, place.settings)
    shown = blocks(read_page("docs/schedules.md"), "json")
    texts = [RUN_ID.sub("<run>", steady(text)) for text in (page.as_on_page(told.decode()), *shown)]
    return json.loads(texts[0]) in [json.loads(text) for text in texts[1:]]


def told_people(wiremock: WireMockServer) -> bytes:
    """Wait for a message to people, and return it."""
    wait_for(lambda: wiremock.count("POST", "/hook") > 0, "a message")
    (request,) = [request for request in wiremock.requests() if request.path == "/hook"]
    return request.body


def telling(wiremock: WireMockServer) -> str:
    """Have an address take messages, and return it."""
    wiremock.stub("POST", "/hook", {"status": 200})
    return f"{wiremock.url}/hook"


def broken(shop: Database, total: str) -> None:
    with shop.connect() as connection:
        connection.execute("UPDATE orders SET total = %s WHERE id = 100", (total,))


def test_every_section_with_commands_is_followed_by_a_test() -> None:
    with_commands = {heading for heading, text in TEXTS.items() if blocks(text, "console")}

    assert with_commands == FOLLOWED


def test_the_first_look(place: Place) -> None:
    with served(place) as serving, following(START, place) as page:
        night(place, serving)
        all_succeeded(place, 1)
        page.follow()


def test_a_backend_that_was_down_all_night(place: Place, backend: Backend) -> None:
    backend.stop()
    settings = {"AEGIS_CLOSE_FROM": str(DAYS[0]), "AEGIS_RETRY_SECONDS": "20"}
    with served(place, **settings) as serving:
        night(place, serving)
        wait_for(lambda: states(place) == ["waiting"] * 3, "three days to wait")
        with following("The Backend was down all night", place) as page:
            page.follow()
            backend.start()
            all_succeeded(place, 3)
            page.follow()
            page.follow()


def test_a_day_that_was_rejected(place: Place, shop: Database, wiremock: WireMockServer) -> None:
    broken(shop, "-12.50")
    with served(place, AEGIS_NOTIFY_URL=telling(wiremock)) as serving:
        night(place, serving)
        serving.wait_for("job.sent_to_dlq")
        assert is_shown(told_people(wiremock), place)
        with following("A day was rejected", place) as page:
            page.follow()
            broken(shop, "12.50")
            page.follow()
            wait_for(lambda: "succeeded" in states(place), "the day to be closed")
            page.follow()


def test_a_day_in_conflict(
    shop: Database, wiremock: WireMockServer, backend: Backend, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    place = place_of(folder, shop, wiremock.url, **SETTINGS)
    body = f'{{"reportDate":"{yesterday()}","totalOrders":2,"totalRevenue":25.00,"topItems":[]}}'
    wiremock.stub("GET", f"/reports/{yesterday()}", {"status": 404})
    answer = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": body}
    wiremock.stub("POST", "/internal/reports/daily", answer)
    with served(place) as serving:
        night(place, serving)
        serving.wait_for("job.sent_to_dlq")
        # Of two that hand over one day at the same time, the second sees what the first sent.
        wiremock.stub("GET", f"/reports/{yesterday()}", answer)
        with following("A day is in conflict", place) as page:
            page.follow()
            page.follow()


def test_nights_that_were_missed(place: Place, wiremock: WireMockServer) -> None:
    # At midnight, so that today's has come whenever this is tried.
    place.settings["AEGIS_SCHEDULE_CRON"] = "0 0 0 * * *"
    closed_days(place)
    long_ago = (yesterday() - timedelta(days=8)).isoformat() + "T03:00:00.000000Z"
    change(
        place,
        "UPDATE schedules SET next_at = ?, decided_until = NULL WHERE name = 'daily-close'",
        long_ago,
    )
    with served(place, AEGIS_NOTIFY_URL=telling(wiremock)) as serving:
        assert is_shown(told_people(wiremock), place)
        serving.wait_for("job.completed", job="night")
        with following("Nights were missed", place) as page:
            page.follow()
            page.follow()


def test_a_day_that_is_open_at_its_deadline(place: Place, wiremock: WireMockServer) -> None:
    with served(place, AEGIS_NOTIFY_URL=telling(wiremock)):
        assert place.run("schedules", "trigger", "close-deadline").status == 0

        assert is_shown(told_people(wiremock), place)


def test_a_process_that_hangs(place: Place) -> None:
    with served(place, AEGIS_WATCHDOG_SECONDS="8") as serving:
        serving.signal(signal.SIGSTOP)
        ask = partial(place.run, "health", AEGIS_WATCHDOG_SECONDS="8")
        wait_for(lambda: "has not ticked" in ask().out, "the silence to be noticed")
        title = "serve hangs, or starts again and again"
        with following(title, place, AEGIS_WATCHDOG_SECONDS="8") as page:
            page.follow()
            page.follow()


def test_a_state_in_use_and_locked(place: Place) -> None:
    with served(place) as serving:
        with following("The state is in use, locked or full", place) as page:
            page.follow()
            with closing(sqlite3.connect(place.state, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                page.follow()
        assert serving.stop() == 143


def test_a_damaged_state(place: Place) -> None:
    closed_days(place)
    assert place.run("state", "backup", str(place.folder / "copy.db")).status == 0
    with place.state.open("r+b") as file:
        file.write(b"what a broken disk leaves of it")
    assert place.run("serve").status == 7
    with following("The state is damaged", place) as page:
        page.follow()
        page.follow()
    with served(place) as serving:
        night(place, serving)
        assert states(place) == ["succeeded"]


def test_a_state_that_is_lost(place: Place) -> None:
    closed_days(place)
    for file in place.folder.glob("state.db*"):
        file.unlink()
    with served(place, AEGIS_CLOSE_FROM=str(DAYS[1])) as serving:
        with following("The state is lost", place) as page:
            page.follow()
            serving.wait_for("job.completed", outcome="created")
            all_succeeded(place, 1)
            page.follow()
        assert serving.stop() == 143


def test_a_deploy_that_went_wrong(place: Place) -> None:
    with served(place, AEGIS_DRAIN_SECONDS="0") as serving:
        night(place, serving)
        all_succeeded(place, 1)
        assert serving.stop() == 143
    with following("A deploy went wrong", place) as page:
        change(place, f"UPDATE {VERSION_TABLE} SET version_num = '0010'")
        page.follow()
        change(place, f"UPDATE {VERSION_TABLE} SET version_num = '0009'")
        # As where the program that comes now has not got the work of the one before.
        change(
            place,
            "UPDATE runs SET state = 'running', requeues = 3, outcome = NULL, ended_at = NULL"
            " WHERE job = 'close'",
        )
        change(place, "UPDATE workflow_status SET status = 'ERROR'")
        with served(place) as serving:
            serving.wait_for("job.sent_to_dlq")
            page.follow()
            page.follow()
            wait_for(lambda: "succeeded" in states(place), "the replay to end")
            page.follow()


def test_a_backup_and_the_way_back(place: Place) -> None:
    closed_days(place)
    with following("Make a backup, and go back to it", place) as page:
        with served(place) as serving:
            page.follow()
            assert serving.stop() == 143
        page.follow()
        page.follow()
    copy = f"sqlite:///{place.folder / 'copy.db'}"
    for settings in ({}, {"AEGIS_STATE_URL": copy}):
        with served(place, **settings) as serving:
            assert place.run("schedules", "trigger", "daily-close", **settings).status == 0
            serving.wait_for("job.completed", job="night")
            assert not serving.events("job.dispatched", job="close")


def test_a_move_to_another_machine(place: Place) -> None:
    closed_days(place)
    with following("Move to another machine", place, AEGIS_EXECUTOR_ID="shop-2") as page:
        page.follow()
        for file in place.folder.glob("state.db*"):
            file.unlink()
        shutil.move(place.folder / "moving.db", place.state)
        with served(place, AEGIS_EXECUTOR_ID="shop-2"):
            page.follow()


def test_a_pause(place: Place) -> None:
    with served(place) as serving, following("Pause for maintenance", place) as page:
        page.follow()
        page.follow()
        serving.wait_for("job.completed", outcome="created")
        all_succeeded(place, 1)
        page.follow()
