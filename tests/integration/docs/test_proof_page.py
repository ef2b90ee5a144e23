"""docs/proof.md: its commands print what the page shows, and its script finds what was changed."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aegis_batch.domain.broken_link import Breach
from tests.integration.closed_place import ClosedPlace
from tests.integration.docs.followed_page import FollowedSection
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer
from tests.unit.docs.pages import blocks, read_page

PAGE = read_page("docs/proof.md")


@pytest.fixture
def closed(database: Database, wiremock: WireMockServer, tmp_path: Path) -> ClosedPlace:
    place = ClosedPlace(tmp_path, database, wiremock)
    place.close()
    return place


def test_its_commands_print_what_it_shows(closed: ClosedPlace) -> None:
    folder = closed.place.folder
    [script] = blocks(PAGE, "python")
    folder.joinpath("check_chain.py").write_text(script, encoding="utf-8")
    page = FollowedSection(PAGE, folder, closed.place.settings)

    page.follow()
    page.follow()

    assert page.is_done
    assert "Everything holds" in folder.joinpath("proof.html").read_text(encoding="utf-8")
    with closing(sqlite3.connect(closed.place.state)) as connection, connection:
        connection.execute("DROP TRIGGER seals_refuses_UPDATE")
        connection.execute("UPDATE seals SET content = replace(content, '22.5', '22.6')")
    told = page.run("python3 check_chain.py state.db")
    assert told.count("DOES NOT HOLD") == 3


def test_every_breach_is_explained() -> None:
    _, _, table = PAGE.partition("\n| breach |")
    table, _, _ = table.partition("\n\n")

    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [breach.value for breach in Breach]
