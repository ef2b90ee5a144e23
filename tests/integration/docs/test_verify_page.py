"""docs/verify.md: its commands print what the page shows, and its message is the one sent."""

import json
from pathlib import Path

import pytest

from tests.integration.closed_place import NOTIFY, ClosedPlace
from tests.integration.docs.followed_page import FollowedSection, steady
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer
from tests.unit.docs.pages import blocks, read_page

PAGE = read_page("docs/verify.md")


@pytest.fixture
def closed(database: Database, wiremock: WireMockServer, tmp_path: Path) -> ClosedPlace:
    place = ClosedPlace(tmp_path, database, wiremock)
    place.close()
    return place


def test_its_commands_and_its_message_are_as_shown(closed: ClosedPlace) -> None:
    page = FollowedSection(PAGE, closed.place.folder, closed.place.settings)
    page.follow()
    closed.spoil()
    page.follow()
    assert page.is_done

    with closed.place.serving(**closed.sweeping) as serving:
        serving.wait_for("job.completed", count=2, job="sweep")
        assert serving.stop() == 143

    [body] = [request.body for request in closed.wiremock.requests() if request.path == NOTIFY]
    [shown] = blocks(PAGE, "json")
    assert json.loads(steady(page.as_on_page(body.decode()))) == json.loads(steady(shown))
