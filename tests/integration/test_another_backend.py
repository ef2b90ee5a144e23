"""One state, served with one Backend and then with another: each gets the days that it lacks."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import ORDERS_JSON, TOKEN
from tests.integration.serving_place import Place, place_of, wait_for, yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database

DAY = str(yesterday())


@pytest.fixture
def sandboxes(tmp_path: Path) -> Iterator[tuple[SandboxServer, SandboxServer]]:
    """Two Backends, both without any report."""
    servers = [SandboxServer(tmp_path / f"{name}.sqlite", TOKEN) for name in "ab"]
    with ExitStack() as stack:
        for server in servers:
            server.start()
            stack.callback(server.stop)
        yield servers[0], servers[1]


@pytest.fixture
def place(
    database: Database, sandboxes: tuple[SandboxServer, SandboxServer], tmp_path: Path
) -> Place:
    open_shop(database)
    return place_of(tmp_path, database, sandboxes[0].url)


def close_yesterday(place: Place, outcome: str = "created", **settings: str) -> None:
    with place.serving(**settings) as serving:
        serving.wait_for("job.completed", reportDate=DAY, outcome=outcome)
        wait_for(lambda: place.runs()[0]["state"] == "succeeded", "the run to be settled")
        assert serving.stop() == 143
        assert settings.get("BACKEND_BASE_URL", "no address") not in serving.text


def look_for_a_night(place: Place, **settings: str) -> None:
    """Serve until a night that was yet to come has looked at the days."""
    nights = len(place.runs("night"))
    with place.serving(**settings) as serving:
        serving.wait_for("job.completed", count=2, job="night")
        assert serving.stop() == 143
    assert len(place.runs("night")) > nights


def test_a_day_closed_at_one_backend_is_closed_at_the_next_too_and_then_left_alone(
    place: Place, sandboxes: tuple[SandboxServer, SandboxServer]
) -> None:
    there = {"BACKEND_BASE_URL": sandboxes[1].url}
    close_yesterday(place)

    close_yesterday(place, **there)
    look_for_a_night(place, **there)
    look_for_a_night(place)

    assert [run["outcome"] for run in place.runs()] == ["created", "created"]


def test_what_adapters_in_memory_have_closed_is_still_to_be_closed(
    place: Place, tmp_path: Path
) -> None:
    orders = tmp_path / "orders.json"
    orders.write_text(ORDERS_JSON, encoding="utf-8")
    close_yesterday(place, AEGIS_ADAPTERS="memory", AEGIS_MEMORY_ORDERS=str(orders))

    close_yesterday(place)
    look_for_a_night(place)

    assert [run["outcome"] for run in place.runs()] == ["created", "created"]


def test_a_day_that_was_closed_by_hand_is_left_alone_by_its_backend_alone(
    place: Place, sandboxes: tuple[SandboxServer, SandboxServer]
) -> None:
    by_hand = place.run("close", "--date", DAY, BACKEND_BASE_URL=sandboxes[1].url)
    assert by_hand.status == 0, by_hand.err

    look_for_a_night(place, BACKEND_BASE_URL=sandboxes[1].url)
    assert [run["trigger"] for run in place.runs()] == ["hand"]
    close_yesterday(place)

    assert [run["trigger"] for run in place.runs()] == ["night", "hand"]
