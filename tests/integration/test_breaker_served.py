"""A Backend that is down for a night, by real processes: left alone, probed, and closed after."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.serving_place import Place, place_of, wait_for, yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

SUBMIT = "/internal/reports/daily"
DAYS = [yesterday() - timedelta(days=place) for place in range(4, -1, -1)]


def answer_all(wiremock: WireMockServer, find: int) -> None:
    wiremock.reset()
    for day in DAYS:
        wiremock.stub("GET", f"/reports/{day}", {"status": find})
    wiremock.stub("POST", SUBMIT, {"status": 201})


@pytest.fixture
def place(database: Database, wiremock: WireMockServer, tmp_path: Path) -> Place:
    """A place that gives a Backend up for two seconds after three failures."""
    open_shop(database)
    return place_of(
        tmp_path,
        database,
        wiremock.url,
        AEGIS_CLOSE_FROM=str(DAYS[0]),
        AEGIS_HTTP_MAX_ATTEMPTS="1",
        AEGIS_BREAKER_FAILURES="3",
        AEGIS_BREAKER_OPEN_SECONDS="2",
    )


def closed_by_hand(place: Place) -> tuple[int, str]:
    """Return the exit status of a close, and the code of its error."""
    ended = place.run("close", "--date", str(DAYS[0]), "--output", "json")
    return ended.status, ended.told["error"]["code"]


def test_a_backend_that_was_down_all_night_costs_nothing_and_nobody(
    place: Place, wiremock: WireMockServer
) -> None:
    answer_all(wiremock, find=503)
    with place.serving() as serving:
        serving.wait_for("breaker.opened", provider="backend", failures=3)
        # Between two rests it would be asked once more.
        wait_for(lambda: closed_by_hand(place) == (5, "breaker_open"), "a close to be held back")
        # The first rest, a probe that fails, and the next rest.
        serving.wait_for("breaker.half_opened")
        serving.wait_for("breaker.opened", count=2)

        answer_all(wiremock, find=404)
        serving.wait_for("breaker.closed")
        wait_for(lambda: wiremock.count("POST", SUBMIT) == len(DAYS), "every day to be closed")
        serving.wait_for("job.completed", count=len(DAYS), outcome="created")
        assert serving.stop() == 143

    runs = [run for run in place.runs() if run["requestedBy"] != "ana"]
    assert {run["state"] for run in runs} == {"succeeded"}
    assert place.run("dead-letters", "list", "--output", "json").told["deadLetters"] == []


def test_without_a_breaker_each_run_goes_its_own_way(
    place: Place, wiremock: WireMockServer
) -> None:
    answer_all(wiremock, find=503)
    with place.serving(AEGIS_BREAKER_FAILURES="0") as serving:
        serving.wait_for("job.retried", count=10, code="backend_failing")
        assert serving.stop() == 143

    assert serving.events("breaker.opened") == []
