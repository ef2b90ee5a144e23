"""``prove`` over real servers: the day as it was closed, and whatever became of it since."""

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest

from tests.integration.closed_place import ClosedPlace
from tests.integration.program import Ended, run
from tests.servers.ground import free_port
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

pytestmark = pytest.mark.measured

_BASH = shutil.which("bash") or "/bin/bash"


@pytest.fixture
def closed(database: Database, wiremock: WireMockServer, tmp_path: Path) -> ClosedPlace:
    place = ClosedPlace(tmp_path, database, wiremock)
    place.close()
    return place


def _prove(closed: ClosedPlace, *options: str, **settings: str) -> Ended:
    arguments = ("prove", str(closed.days[1]), *options)
    return run(arguments, {**closed.place.settings, **settings}, closed.place.folder)


def _alter(closed: ClosedPlace, *statements: str) -> None:
    with closing(sqlite3.connect(closed.place.state)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _block(page: str, name: str) -> str:
    found = re.search(rf'id="{name}"[^>]*>([^<]*)<', page)
    assert found is not None, name
    return unescape(found[1])


def test_a_day_closed_by_serve_is_proved_with_every_answer(closed: ClosedPlace) -> None:
    told = _prove(closed)
    as_json = _prove(closed, "--output", "json").told

    assert told.status == 0, told.err
    assert told.out.startswith(f"{closed.days[1]} of default: Everything holds.")
    assert "request: submit, attempt: 1, answer: 201" in told.out
    assert "by the nightly schedule" in told.out
    assert "All 3 links of the chain hold; 3 runs agree with theirs." in told.out
    assert as_json["verification"]["verdict"] == "equal"
    assert as_json["verification"]["sealDigest"] == as_json["link"]["digest"]
    assert as_json["link"]["number"] == 2
    assert closed.reports_sent == 0


def test_the_commands_of_the_page_print_the_digests_of_the_page(
    closed: ClosedPlace, tmp_path: Path
) -> None:
    target = tmp_path / "a folder" / "proof.html"
    target.parent.mkdir()
    told = _prove(closed, "--output", "html", "--file", str(target))
    page = target.read_text(encoding="utf-8")

    assert (told.status, told.out) == (0, "")
    for name in ("body", "totals", "link"):
        target.with_name(f"{name}.b64").write_text(_block(page, f"{name}-base64"))
        command = [_BASH, "-c", _block(page, f"{name}-command")]
        printed = subprocess.run(
            command, cwd=target.parent, capture_output=True, text=True, check=True
        )
        assert printed.stdout.split()[0] == _block(page, f"{name}-digest")


def test_orders_that_changed_since_are_found_beside_evidence_that_holds(
    closed: ClosedPlace,
) -> None:
    closed.spoil()

    told = _prove(closed)

    assert told.status == 1
    assert "The evidence holds, but the period is no longer as it was closed" in told.out
    assert "verdict  changed" in told.out
    assert "revenue: 22.49 now, 22.50 when it was sealed" in told.out
    assert closed.reports_sent == 0


@pytest.mark.parametrize("away", ["DATABASE_URL", "BACKEND_BASE_URL"])
def test_a_proof_stands_while_the_orders_or_the_backend_are_away(
    closed: ClosedPlace, away: str
) -> None:
    nowhere = {
        "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/none",
        "BACKEND_BASE_URL": f"http://127.0.0.1:{free_port()}",
    }

    told = _prove(closed, **{away: nowhere[away]})

    assert told.status == 0
    assert "it could not be compared with today's orders" in told.out
    assert "verdict  unknown" in told.out
    assert "All 3 links of the chain hold" in told.out


def test_a_proof_needs_no_settings_but_where_the_state_is(closed: ClosedPlace) -> None:
    settings = {"AEGIS_STATE_URL": closed.place.settings["AEGIS_STATE_URL"]}

    told = run(("prove", str(closed.days[1])), settings, closed.place.folder)

    assert told.status == 0
    assert "verdict  unknown" in told.out
    assert "DATABASE_URL" in told.out


def test_a_link_changed_by_hand_is_found(closed: ClosedPlace) -> None:
    _alter(
        closed,
        "DROP TRIGGER seals_refuses_UPDATE",
        "UPDATE seals SET content = replace(content, '22.5', '23.5') WHERE number = 2",
    )

    told = _prove(closed, "--output", "json")

    assert told.status == 1
    assert told.told["chain"]["broken"]["number"] == 2
    assert told.told["holds"] is False
    assert told.told["summary"] == "The evidence in this ledger was changed"
    assert told.told["verification"]["verdict"] == "seal_changed"


def test_a_link_that_cannot_be_read_is_found(closed: ClosedPlace) -> None:
    _alter(
        closed,
        "DROP TRIGGER seals_refuses_UPDATE",
        "UPDATE seals SET content = '{}' WHERE number = 2",
    )

    told = _prove(closed)

    assert told.status == 1
    assert "The evidence in this ledger was changed" in told.out
    assert "link 2 of default" in told.out


def test_a_day_whose_run_is_gone_is_proved_and_says_so(closed: ClosedPlace) -> None:
    _alter(
        closed,
        "DELETE FROM runs",
        "DELETE FROM timeline",
        # As retention leaves it, long after.
        "INSERT INTO forgotten VALUES ('runs', '2100-01-01T00:00:00.000000Z')",
    )

    told = _prove(closed)

    assert told.status == 0
    assert "is no longer in the ledger: its answers are gone." in told.out
    assert "by the nightly schedule" in told.out


def test_a_run_that_somebody_took_away_is_missed_on_the_page_of_its_day(
    closed: ClosedPlace,
) -> None:
    _alter(closed, f"DELETE FROM runs WHERE first_day = '{closed.days[1]}' AND job = 'close'")

    told = _prove(closed)
    page = _prove(closed, "--output", "html")
    audited = run(("audit", "--check"), closed.place.settings, closed.place.folder)

    assert (told.status, page.status, audited.status) == (1, 1, 1)
    assert "It should be there: somebody took it away." in told.out
    assert "It should be there: somebody took it away." in page.out
    assert "link 2 of default" in audited.out
    assert "the run of the link was taken out of the ledger (run_missing)" in audited.out


def test_a_day_that_was_never_closed_here_is_told_from_one_that_was(closed: ClosedPlace) -> None:
    told = run(("prove", "2020-01-01"), closed.place.settings, closed.place.folder)

    assert told.status == 2
    assert "No proof: 2020-01-01 has no seal in this ledger" in told.out
    assert "verify --from 2020-01-01 --to 2020-01-01" in told.err
