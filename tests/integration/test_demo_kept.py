"""A demo that is kept: used by what it printed, closed to others, stopped by its command."""

import json
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.integration.demo_place import Place, commands_of

HOSTILE = {
    "DATABASE_URL": "postgresql://nobody:canary-secret@203.0.113.1/none",
    "X_SERVICE_TOKEN": "canary-secret",
    "BACKEND_BASE_URL": "https://203.0.113.1",
    "AEGIS_ADAPTERS": "memory",
    "AEGIS_TIMEZONE": "Mars/Olympus",
    "AEGIS_ORDERS_TABLE": "no_such_table",
    "AEGIS_LOG_LEVEL": "LOUD",
    "AEGIS_TOP_ITEMS": "none",
    "PGHOST": "203.0.113.1",
    "PGSSLMODE": "verify-full",
    "HTTP_PROXY": "http://203.0.113.1:1",
}


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.remove()


@dataclass(frozen=True)
class Kept:
    """A demo that was kept: what it printed, and where."""

    place: Place
    page: str
    errors: str
    folder: Path

    @property
    def environment(self) -> list[str]:
        """The lines of the page that set and unset variables."""
        return [
            line.strip()
            for line in self.page.splitlines()
            if line.startswith(("  export ", "  unset "))
        ]

    def secrets(self) -> list[str]:
        """Return every secret that there is."""
        url = (self.folder / "database_url").read_text().strip()
        password = psycopg.conninfo.conninfo_to_dict(url)["password"]
        return [url, str(password), (self.folder / "service_token").read_text().strip()]


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """A demo that was kept in an environment which is against it."""
    place = Place()
    (place.work / ".env").write_text("AEGIS_ITEMS_TABLE=none\nAEGIS_DAY_START=25:00\n")
    outcome = place.run("demo", "--keep", environ=HOSTILE)
    assert outcome.returncode == 0, outcome.stderr
    folder = next(place.temporary.glob("aegis-demo-*"))
    yield Kept(place, outcome.stdout, outcome.stderr, folder)
    place.remove()


def test_a_kept_demo_is_used_by_pasting_its_environment_and_stopped_by_its_command() -> None:
    place = Place()
    try:
        page = place.run("demo", "--keep").stdout
        exports = [line.strip() for line in page.splitlines() if line.startswith("  export ")]
        close, rehearse, stop = commands_of(page)
        outcome = place.paste(*exports, close, close, rehearse)
        told = outcome.stdout.splitlines()
        assert told[0] == "2015-11-28 closed: the Backend created the report"
        assert "2015-11-28 was closed already: the Backend has the report" in told
        assert json.loads(told[-1])["report"]["totalRevenue"] == 1899
        assert outcome.stderr == ""
        assert len(place.processes()) >= 2
        stopped = place.paste(stop)
        assert (stopped.returncode, stopped.stderr) == (0, "")
        assert place.leftovers() == []
        assert place.paste(stop).returncode == 2
    finally:
        place.remove()


def test_a_kept_demo_can_be_used_in_an_environment_that_is_against_it(kept: Kept) -> None:
    hostile = [f"export {name}={value}" for name, value in HOSTILE.items()]
    ignored = ["unset PGHOST PGSSLMODE AEGIS_LOG_LEVEL"]
    outcome = kept.place.paste(
        *hostile, *ignored, *kept.environment, "aegis-batch close --date 2015-11-26 --output json"
    )
    told = json.loads(outcome.stdout)
    assert (told["outcome"], told["report"]["totalOrders"]) == ("created", 113)


def test_no_secret_is_on_the_page_in_a_command_line_or_in_a_file_for_others(kept: Kept) -> None:
    told = (
        kept.page
        + kept.errors
        + " ".join(word for process in kept.place.processes() for word in process.cmdline())
    )
    assert [secret for secret in [*kept.secrets(), "canary-secret"] if secret in told] == []
    loose = [
        path.name
        for path in kept.folder.iterdir()
        if path.name != "aegis-demo.json" and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert loose == []
    assert stat.S_IMODE(kept.folder.stat().st_mode) & 0o066 == 0


def test_a_kept_demo_outlives_the_terminal(kept: Kept) -> None:
    leaders = [process.pid for process in kept.place.processes() if process.ppid() == 1]
    assert leaders
    assert [os.getsid(pid) for pid in leaders] == leaders


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET total = 0",
        "DELETE FROM order_items",
        "CREATE TABLE stray (id int)",
        "CREATE TEMPORARY TABLE stray (id int)",
    ],
)
def test_the_demos_reader_may_only_read(kept: Kept, statement: str) -> None:
    url = (kept.folder / "database_url").read_text().strip()
    with psycopg.connect(url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (491,)


def test_nobody_gets_into_the_demos_database_without_a_password(kept: Kept) -> None:
    url = (kept.folder / "database_url").read_text().strip()
    for user in ("postgres", "aegis_reader"):
        with (
            pytest.raises(psycopg.OperationalError),
            psycopg.connect(url, user=user, password="wrong"),
        ):
            pass


def test_stopping_takes_away_nothing_but_own_demos(place: Place, kept: Kept) -> None:
    stranger = place.work / "stranger"
    stranger.mkdir()
    (stranger / "file").write_text("mine")
    for marker in (None, "{}", "[]", "none", (kept.folder / "aegis-demo.json").read_text()):
        if marker is not None:
            (stranger / "aegis-demo.json").write_text(marker)
        outcome = place.run("demo", "--stop", str(stranger))
        assert outcome.returncode == 2
        assert "is no folder of a demo" in outcome.stderr
        assert (stranger / "file").read_text() == "mine"
    assert kept.place.processes()


def test_stopping_believes_no_marker_that_others_can_write(place: Place) -> None:
    folder = _folder_naming(place, psutil.Process())
    (folder / "aegis-demo.json").chmod(0o666)
    assert place.run("demo", "--stop", str(folder)).returncode == 2
    assert folder.exists()


def test_stopping_spares_a_process_that_has_got_the_id_of_a_server(place: Place) -> None:
    with subprocess.Popen([shutil.which("sleep") or "", "600"]) as sleeper:
        folder = _folder_naming(place, psutil.Process(sleeper.pid))
        outcome = place.run("demo", "--stop", str(folder))
        assert sleeper.poll() is None
        sleeper.kill()
    assert outcome.returncode == 0
    assert not folder.exists()


def _folder_naming(place: Place, process: psutil.Process) -> Path:
    """Make a folder as a demo leaves it, whose marker names a process."""
    folder = place.temporary / "aegis-demo-made"
    folder.mkdir(mode=0o700)
    content = {
        "kind": "aegis-batch demo",
        "folder": str(folder),
        "processes": [
            {
                "pid": process.pid,
                "startedAfterBootSeconds": process.create_time() - psutil.boot_time(),
                "stopSignal": int(signal.SIGTERM),
            }
        ],
    }
    (folder / "aegis-demo.json").write_text(json.dumps(content))
    return folder
