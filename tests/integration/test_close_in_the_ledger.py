"""A close by hand in the ledger: recorded whatever became of it, and never in its way."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.answer_table import LINES
from tests.integration.closing import DAY, TOKEN
from tests.integration.ledger_place import LedgerPlace
from tests.integration.program import environment
from tests.integration.shop import CLOSE, settings_for
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

_BY_NAME = {line.name: line for line in LINES}
# What a close must not pay for, once the schema is there.
_COSTLY = frozenset({"alembic", "dbos", "mako"})
_CLOSE_AND_LIST = f"""
import sys
from aegis_batch.__main__ import main
sys.argv = ["aegis-batch", *{CLOSE!r}]
status = main()
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
sys.exit(status)
"""


@pytest.fixture
def place(tmp_path: Path) -> LedgerPlace:
    """A folder of the test's own, without a state."""
    return LedgerPlace(tmp_path)


@pytest.fixture
def settings(shop: Database, wiremock: WireMockServer) -> dict[str, str]:
    """What a close is set to, over a Backend that takes the report."""
    _BY_NAME["submit 201"].arm(wiremock)
    return dict(settings_for(shop, wiremock.url, TOKEN))


def test_a_close_makes_the_state_and_stands_in_it_with_its_seal_and_timeline(
    place: LedgerPlace, settings: dict[str, str]
) -> None:
    closed = place.tell(*CLOSE, **settings)
    listed = place.tell("runs", "--date", DAY.isoformat(), "--output", "json")
    shown = place.tell("runs", "show", closed.told["runId"], "--output", "json")

    assert (closed.status, closed.told["outcome"]) == (0, "created")
    assert "not in the ledger" not in closed.err
    assert [run["id"] for run in listed.told["runs"]] == [closed.told["runId"]]
    run = shown.told["run"]
    assert (run["state"], run["outcome"], run["trigger"]) == ("succeeded", "created", "hand")
    assert (run["requestedBy"], run["traceId"]) == ("maria", closed.told["traceId"])
    assert run["seal"] == closed.told["seal"]
    assert run["startedAt"] < run["endedAt"]
    assert run["cpuSeconds"] > 0
    assert run["peakMemoryBytes"] > 1_000_000
    events = [entry["event"] for entry in shown.told["timeline"]]
    assert (events[0], events[-1]) == ("job.started", "job.completed")
    assert "report.submitted" in events


def test_a_close_is_recorded_whatever_the_folder_of_the_state_is_called(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    place = LedgerPlace(tmp_path / "50% off?mode=ro" / "a%20b")
    place.folder.mkdir(parents=True)

    closed = place.tell(*CLOSE, **settings)
    listed = place.tell("runs", "--output", "json")

    assert "not in the ledger" not in closed.err
    assert [run["id"] for run in listed.told["runs"]] == [closed.told["runId"]]


def test_a_close_that_failed_is_recorded_and_is_no_dead_letter(
    place: LedgerPlace, shop: Database, wiremock: WireMockServer
) -> None:
    _BY_NAME["submit 409"].arm(wiremock)

    refused = place.tell(*CLOSE, **settings_for(shop, wiremock.url, TOKEN))
    shown = place.tell("runs", "show", refused.told["runId"], "--output", "json")
    letters = place.tell("dead-letters", "list", "--output", "json")

    assert refused.status == 4
    assert shown.told["run"]["state"] == "failed"
    assert shown.told["run"]["error"] == refused.told["error"]
    assert letters.told["deadLetters"] == []


def test_a_rehearsal_leaves_no_trace(place: LedgerPlace, settings: dict[str, str]) -> None:
    rehearsed = place.tell(*CLOSE, "--dry-run", **settings)

    assert rehearsed.status == 0
    assert not place.file.exists()


def test_a_close_on_adapters_in_memory_leaves_no_trace(place: LedgerPlace) -> None:
    place.folder.joinpath("orders.json").write_text("[]")

    closed = place.tell(*CLOSE, AEGIS_ADAPTERS="memory", AEGIS_MEMORY_ORDERS="orders.json")

    assert (closed.status, closed.told["outcome"]) == (0, "created")
    assert not place.file.exists()


def test_a_second_close_imports_nothing_that_its_record_does_not_need(
    place: LedgerPlace, settings: dict[str, str]
) -> None:
    place.tell(*CLOSE, **settings)

    ended = subprocess.run(
        [sys.executable, "-c", _CLOSE_AND_LIST],
        env=environment(**place.settings, **settings),
        cwd=place.folder,
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )

    packages = set(ended.stdout.splitlines()[-1].split())
    assert "sqlite3" in packages
    assert packages.isdisjoint(_COSTLY)
    assert len(place.tell("runs", "--output", "json").told["runs"]) == 2


def _spoil(place: LedgerPlace) -> None:
    place.file.write_bytes(b"these are my holiday photos " * 500)


def _make_newer(place: LedgerPlace) -> None:
    place.prepare()
    with closing(sqlite3.connect(place.file)) as connection, connection:
        connection.execute("UPDATE aegis_schema SET version_num = '9999'")


def _put_a_folder_there(place: LedgerPlace) -> None:
    place.file.mkdir()


@pytest.mark.parametrize(
    ("hinder", "code"),
    [
        (_spoil, "state_no_database"),
        (_make_newer, "state_newer"),
        (_put_a_folder_there, "state_cannot_open"),
    ],
)
def test_a_state_that_can_not_be_used_is_worth_a_warning_and_no_more(
    place: LedgerPlace, settings: dict[str, str], hinder: Callable[[LedgerPlace], None], code: str
) -> None:
    hinder(place)

    closed = place.tell(*CLOSE, **settings)

    assert (closed.status, closed.told["outcome"]) == (0, "created")
    [warning] = [line for line in closed.err.splitlines() if "close.not_recorded" in line]
    assert f'"code":"{code}"' in warning
    assert '"level":"WARNING"' in warning


def test_a_state_that_stays_locked_holds_a_close_up_for_a_moment_only(
    place: LedgerPlace, settings: dict[str, str]
) -> None:
    place.prepare()

    with place.locked():
        closed = place.tell(*CLOSE, **settings)

    assert (closed.status, closed.told["outcome"]) == (0, "created")
    assert '"code":"state_locked"' in closed.err


def test_a_close_does_not_migrate_where_that_is_left_to_people(
    place: LedgerPlace, settings: dict[str, str]
) -> None:
    place.file.touch()

    closed = place.tell(*CLOSE, **settings, AEGIS_STATE_MIGRATE="false")

    assert (closed.status, '"code":"state_not_migrated"' in closed.err) == (0, True)
    status = place.tell("state", "status", "--output", "json")
    assert (status.status, status.told["revision"]) == (1, None)


def test_no_secret_comes_into_the_ledger(
    place: LedgerPlace, settings: dict[str, str], shop: Database
) -> None:
    place.tell(*CLOSE, **settings)

    content = b"".join(file.read_bytes() for file in place.folder.glob("state.db*"))
    assert DAY.isoformat().encode() in content
    assert TOKEN.encode() not in content
    assert shop.dsn().encode() not in content
