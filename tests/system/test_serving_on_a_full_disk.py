"""``serve``, ``close`` and ``runs`` over a state whose disk is full for real."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.program import Ended, end, environment
from tests.integration.serving_place import Place, Serving, place_of, yesterday
from tests.integration.shop import open_shop
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

FIND = f"/reports/{yesterday()}"
# Mounts a small disk, says so, and keeps it for as long as its input is open.
KEEPER = 'mount -t tmpfs -o size=8m tmpfs "$0" && echo mounted && exec cat'


class Disk:
    """A disk that only processes started in it see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        apart = ["unshare", "--map-root-user", "--mount"]
        self._keeper = subprocess.Popen(
            [*apart, "sh", "-c", KEEPER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == "mounted\n"

    def start(self, command: list[str], settings: dict[str, str]) -> "subprocess.Popen[str]":
        inside = ["nsenter", "--user", "--preserve-credentials", "--mount", "--target"]
        return subprocess.Popen(
            [*inside, str(self._keeper.pid), *command],
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def fill(self) -> None:
        """Leave not a byte."""
        self._do('head -c 20m /dev/zero > "$0" || true')

    def make_room(self) -> None:
        """Take away what filled it."""
        self._do('rm "$0"')

    def _do(self, script: str) -> None:
        assert end(self.start(["sh", "-c", script, str(self.folder / "ballast")], {})).status == 0

    def close(self) -> None:
        """Give the disk up."""
        self._keeper.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = Disk(folder)
    yield disk
    disk.close()


@pytest.fixture
def place(database: Database, wiremock: WireMockServer, disk: Disk) -> Place:
    open_shop(database)
    wiremock.stub("GET", FIND, {"status": 503})
    wiremock.stub("POST", "/internal/reports/daily", {"status": 201})
    return place_of(
        disk.folder,
        database,
        wiremock.url,
        AEGIS_HTTP_MAX_ATTEMPTS="1",
        AEGIS_WATCHDOG_SECONDS="4",
        AEGIS_DRAIN_SECONDS="1",
    )


def test_a_full_disk_is_told_with_its_remedy_and_all_goes_on_when_there_is_room(
    place: Place, disk: Disk, wiremock: WireMockServer
) -> None:
    def start(*arguments: str) -> "subprocess.Popen[str]":
        return disk.start([sys.executable, "-m", "aegis_batch", *arguments], place.settings)

    def tell(*arguments: str) -> Ended:
        return end(start(*arguments))

    serving = Serving(start("serve"))
    serving.wait_for("job.retried")
    # Not while it serves: it could go on in the room that SQLite's log has, and gives back later.
    assert serving.stop() == 143
    disk.fill()

    again = tell("serve")
    runs = tell("runs", "--output", "json")
    close = tell("close", "--date", str(yesterday()), "--output", "json")
    assert (again.status, "-> Make room on its disk" in again.err) == (7, True), again.err
    assert (runs.status, runs.told["error"]["code"]) == (7, "state_full")
    assert (close.status, close.told["outcome"]) == (5, "unavailable")
    assert '"code":"state_full"' in close.err

    disk.make_room()
    before = tell("runs", "--output", "json").told["runs"]
    [waiting] = [run for run in before if run["job"] == "close"]
    wiremock.stub("GET", FIND, {"status": 404})
    serving = Serving(start("serve"))
    serving.wait_for("job.completed", outcome="created")
    assert serving.stop() == 143
    [closed] = [
        run for run in tell("runs", "--output", "json").told["runs"] if run["job"] == "close"
    ]
    assert (closed["id"], closed["state"]) == (waiting["id"], "succeeded")
