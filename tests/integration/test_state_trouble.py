"""A state that is locked, damaged or newer while work waits in it: said by each command, then gone.

A full disk, which needs one, is in ``tests/system``.
"""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.state.revisions import VERSION_TABLE
from tests.integration.serving_place import Place, place_of, yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

FIND = f"/reports/{yesterday()}"
RESUME = ("schedules", "resume", "daily-close", "--output", "json")
CLOSE = ("close", "--date", "2026-11-20", "--output", "json")


@pytest.fixture
def place(database: Database, wiremock: WireMockServer, tmp_path: Path) -> Place:
    """A place whose process was killed while a close waited for a Backend that was away."""
    open_shop(database)
    for path in (FIND, "/reports/2026-11-20"):
        wiremock.stub("GET", path, {"status": 503})
    wiremock.stub("POST", "/internal/reports/daily", {"status": 201})
    place = place_of(tmp_path, database, wiremock.url, AEGIS_HTTP_MAX_ATTEMPTS="1")
    with place.serving() as serving:
        serving.wait_for("job.retried")
        serving.signal(signal.SIGKILL)
        serving.end()
    return place


@contextmanager
def locked(place: Place) -> Iterator[None]:
    with closing(sqlite3.connect(place.state, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def damaged(place: Place) -> Iterator[None]:
    sound = {file: file.read_bytes() for file in place.folder.glob("state.db*")}
    with closing(sqlite3.connect(place.state)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = place.state.read_bytes()
    place.state.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    yield
    for file in place.folder.glob("state.db*"):
        file.unlink()
    for file, kept in sound.items():
        file.write_bytes(kept)


@contextmanager
def newer(place: Place) -> Iterator[None]:
    with closing(sqlite3.connect(place.state)) as connection:
        [(revision,)] = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}")
        with connection:
            connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    yield
    with closing(sqlite3.connect(place.state)) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", (revision,))


@pytest.mark.parametrize(
    ("trouble", "code", "remedy"),
    [
        (locked, "state_locked", "Try again later"),
        (damaged, "state_damaged", "Put the file of a backup in its place"),
        (newer, "state_newer", "Use the version of the program that made it"),
    ],
)
def test_trouble_with_the_state_is_said_with_its_remedy_and_loses_nothing(
    place: Place,
    wiremock: WireMockServer,
    trouble: Callable[[Place], AbstractContextManager[None]],
    code: str,
    remedy: str,
) -> None:
    [waiting] = place.runs()

    with trouble(place):
        serve = place.run("serve")
        resume = place.run(*RESUME)
        close = place.run(*CLOSE)

    assert (serve.status, serve.out) == (7, "")
    assert remedy in serve.err.partition("\n  -> ")[2]
    assert (resume.status, resume.told["error"]["code"]) == (7, code)
    assert remedy in resume.told["error"]["remedy"]
    # By hand a day is closed without the state, or as here told what stands in the way.
    assert (close.status, close.told["outcome"]) == (5, "unavailable")
    [warning] = [line for line in close.err.splitlines() if "close.not_recorded" in line]
    assert f'"code":"{code}"' in warning

    wiremock.stub("GET", FIND, {"status": 404})
    with place.serving() as serving:
        serving.wait_for("job.completed", outcome="created")
        assert serving.stop() == 143
    [closed] = [run for run in place.runs() if run["date"] == waiting["date"]]
    assert (closed["id"], closed["state"]) == (waiting["id"], "succeeded")
    assert closed["attempt"] > 1


def test_a_second_process_of_one_name_refuses_until_the_first_has_gone(
    place: Place, wiremock: WireMockServer
) -> None:
    with place.serving() as first:
        first.wait_for("serve.started")

        second = place.run("serve")

        assert second.status == 7
        assert "already serves the state" in second.err
        assert "-> Stop that process first" in second.err
        wiremock.stub("GET", FIND, {"status": 404})
        first.wait_for("job.completed", outcome="created")
        assert first.stop() == 143
    with place.serving() as third:
        third.wait_for("serve.started")
        assert third.stop() == 143
