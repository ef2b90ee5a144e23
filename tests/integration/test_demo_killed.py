"""A demo that is killed, which it can't do anything about itself: what is left of it goes."""

import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.integration.demo_place import COMMAND_SECONDS, Place
from tests.servers.ground import wait_until

MOMENTS = {
    "the sandbox has just started": "sandbox.log",
    "PostgreSQL makes its data directory": "postgres/data/base",
    "PostgreSQL has just started": "postgres/data/postmaster.pid",
    "the reader is there": "database_url",
}


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.remove()


def kill_demo(place: Place, moment: str, *, with_guard: bool) -> None:
    """Start a demo and kill it as soon as a file is in its folder."""
    with place.start("demo") as process:
        wait_until(
            lambda: any(place.temporary.glob(f"aegis-demo-*/{moment}")),
            what=moment,
            timeout_seconds=60,
        )
        if with_guard:
            for guard in guards(place):
                guard.kill()
        process.kill()
        process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == -signal.SIGKILL


def guards(place: Place) -> list[psutil.Process]:
    return [
        process for process in place.processes() if "aftermath" in " ".join(process.cmdline()[:4])
    ]


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_demo_that_is_killed_leaves_nothing(place: Place, moment: str) -> None:
    kill_demo(place, moment, with_guard=False)
    # The guard ends last.
    wait_until(
        lambda: place.processes() == [], what="the demo's processes to be gone", timeout_seconds=30
    )
    assert place.leftovers() == []


def test_what_a_demo_left_that_was_killed_with_its_guard_goes_with_the_next_demo(
    place: Place,
) -> None:
    kill_demo(place, "database_url", with_guard=True)
    assert list(place.temporary.iterdir())
    assert len(place.processes()) >= 2
    outcome = place.run("demo")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert place.leftovers() == []


def test_the_next_demo_leaves_a_kept_one_and_what_is_no_demo_alone(place: Place) -> None:
    assert place.run("demo", "--keep").returncode == 0
    (kept,) = place.temporary.iterdir()
    servers = place.processes()
    assert guards(place) == []
    stranger = place.temporary / "aegis-demo-stranger"
    stranger.mkdir()
    assert place.run("demo").returncode == 0
    assert sorted(place.temporary.iterdir()) == sorted([kept, stranger])
    assert set(servers) <= set(place.processes())


def test_the_next_demo_leaves_one_that_is_still_at_work_alone(place: Place) -> None:
    with place.start("demo") as first:
        wait_until(
            lambda: any(place.temporary.glob("aegis-demo-*/postgres")),
            what="the first demo's folder",
            timeout_seconds=60,
        )
        first.send_signal(signal.SIGSTOP)
        (folder,) = place.temporary.iterdir()
        assert place.run("demo").returncode == 0
        assert folder.exists()
        first.send_signal(signal.SIGCONT)
        output, errors = first.communicate(timeout=COMMAND_SECONDS)
    assert (first.returncode, errors) == (0, "")
    assert "115 orders" in output
    assert place.leftovers() == []
