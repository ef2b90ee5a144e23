"""Closes by hand hold a lease, as real processes: beside each other, beside serve, and killed."""

import json
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.integration.serving_place import Place, Serving, place_of, wait_for, yesterday
from tests.integration.tenants_place import DAY as TENANTS_DAY
from tests.integration.tenants_place import MULTI, TenantsPlace
from tests.integration.test_many_processes import asked, kept
from tests.servers.postgres import Database

__all__ = ["kept"]

DAY = yesterday().isoformat()
# One that a busy machine keeps, and one that nobody is left to keep.
LEASE = {"AEGIS_EXECUTOR_LEASE_SECONDS": "4"}
SHORT = {"AEGIS_EXECUTOR_LEASE_SECONDS": "1"}


class Gate:
    """A Backend without reports; one question about them is answered only when that is let.

    It is the one that comes after ``passes`` others.
    """

    def __init__(self) -> None:
        self.passes = 0
        self.asked: list[str] = []
        self.handed_over: list[str] = []
        self.open = threading.Event()
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gate.asked.append(str(self.headers["X-TENANT-ID"]))
                if len(gate.asked) == gate.passes + 1:
                    gate.open.wait(60)
                self._answer(404)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                gate.handed_over.append(str(self.headers["X-TENANT-ID"]))
                self._answer(201)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
                """Write nothing."""

            def handle(self) -> None:
                # Whoever asked may have been killed meanwhile.
                try:
                    super().handle()
                except OSError:
                    return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Let all go, and listen no more."""
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()


@pytest.fixture
def place(shop: Database, gate: Gate, tmp_path: Path) -> Place:
    """A shop with a state in a file, and nothing closed yet."""
    place = place_of(tmp_path, shop, gate.url, AEGIS_HTTP_TIMEOUT_SECONDS="60")
    assert place.run("state", "migrate").status == 0
    return place


@contextmanager
def closing_by_hand(
    place: Place, gate: Gate, *arguments: str, **settings: str
) -> Iterator[Serving]:
    """Start a close, and come back when it waits for the Backend."""
    command = ["close", "--output", "json", *(arguments or ("--date", DAY))]
    before = len(gate.asked)
    with place.serving(command=command, **settings) as hand:
        wait_for(lambda: len(gate.asked) > before, "the Backend to be asked")
        yield hand


def told(hand: Serving) -> dict[str, object]:
    """Return what a close wrote to standard output."""
    assert hand.process.stdout is not None
    answer: dict[str, object] = json.loads(hand.process.stdout.read())
    return answer


def rows(place: Place, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(place.state)) as state:
        return state.execute(question).fetchall()


@pytest.mark.parametrize("ground", ["file", "server"])
def test_of_two_closes_by_hand_at_once_one_is_refused_before_it_asks_anybody(
    place: Place, gate: Gate, kept: Database, ground: str
) -> None:
    settings = {} if ground == "file" else {"AEGIS_STATE_URL": kept.dsn()}
    assert place.run("state", "migrate", **settings).status == 0

    def left() -> list[list[tuple[object, ...]]]:
        questions = [f"SELECT count(*) FROM {table}" for table in ("leases", "executors")]
        if ground == "file":
            return [rows(place, question) for question in questions]
        return [asked(kept, question) for question in questions]

    with closing_by_hand(place, gate, **settings) as first:
        second = place.run("close", "--date", DAY, "--output", "json", **settings)
        asked_before = len(gate.asked)
        rehearsed = place.run("close", "--date", DAY, "--dry-run", **settings)
        health = place.run("health", "--output", "json", **settings)
        gate.open.set()
        assert first.end() == 0
        created = told(first)

    assert (asked_before, rehearsed.status) == (1, 0)
    assert second.status == 5
    assert second.told["outcome"] == "unavailable"
    error = second.told["error"]
    assert (error["code"], error["retryable"]) == ("in_progress", True)
    assert "kitchen/hand-" in error["message"]
    assert second.told["report"] is None
    assert (health.status, health.told["executor"]) == (1, None)
    assert created["outcome"] == "created"
    assert left() == [[(0,)], [(0,)]]
    outcomes = sorted(
        str(run["outcome"])
        for run in place.run("runs", "--output", "json", **settings).told["runs"]
    )
    assert outcomes == ["created", "unavailable"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_close_that_is_told_to_stop_gives_its_lease_back(
    place: Place, gate: Gate, number: int
) -> None:
    with closing_by_hand(place, gate) as hand:
        assert rows(place, "SELECT count(*) FROM leases") == [(1,)]
        hand.signal(number)
        assert hand.end() == 128 + number

    assert rows(place, "SELECT count(*) FROM leases") == [(0,)]
    assert rows(place, "SELECT count(*) FROM executors") == [(0,)]


def test_a_close_by_hand_is_refused_while_serve_is_at_it_and_serve_is_not_held_up(
    place: Place, gate: Gate
) -> None:
    # The night itself asks what is closed already.
    gate.passes = 1
    with place.serving() as serve:
        wait_for(lambda: len(gate.asked) == 2, "serve to ask about the close")
        refused = place.run("close", "--date", DAY, "--output", "json")
        gate.open.set()
        [done] = serve.wait_for("job.completed", outcome="created")
        again = place.run("close", "--date", DAY, "--output", "json")
        assert serve.stop() == 143

    assert (refused.status, refused.told["error"]["code"]) == (5, "in_progress")
    assert f"kitchen is at it with run {done['runId']}" in refused.told["error"]["message"]
    assert again.status == 0


def test_serve_puts_back_what_a_hand_is_at_and_takes_over_from_one_that_is_killed(
    place: Place, gate: Gate
) -> None:
    with ExitStack() as stack:
        hand = stack.enter_context(closing_by_hand(place, gate, **LEASE))
        serve = stack.enter_context(place.serving(**LEASE))
        serve.wait_for("job.retried", code="in_other_hands")
        well, health = place.health()
        assert (well, health["executor"], health["others"]) == (0, "kitchen", [])
        hand.signal(signal.SIGKILL)
        [buried] = serve.wait_for("executor.taken_over")
        assert str(buried["executor"]).startswith("kitchen/hand-")
        gate.open.set()
        assert place.run("close", "--date", DAY).status == 0
        assert serve.stop() == 143
        assert "Traceback" not in serve.text


def test_what_a_killed_hand_left_is_closed_by_the_next_serve(place: Place, gate: Gate) -> None:
    with closing_by_hand(place, gate, **SHORT) as hand:
        hand.signal(signal.SIGKILL)
        hand.end()
    assert rows(place, "SELECT count(*) FROM leases") == [(1,)]
    gate.open.set()

    with place.serving(**SHORT) as serve:
        serve.wait_for("executor.taken_over")
        serve.wait_for("job.completed", outcome="created")
        assert serve.stop() == 143

    assert rows(place, "SELECT count(*) FROM leases") == [(0,)]


def test_of_all_tenants_the_one_that_somebody_is_at_is_told_so_and_the_rest_is_closed(
    database: Database, gate: Gate, tmp_path: Path
) -> None:
    place = TenantsPlace(
        tmp_path, database, gate.url, tmp_path / "none", AEGIS_HTTP_TIMEOUT_SECONDS="60", **MULTI
    )
    assert place.run("state", "migrate").status == 0
    of_day = ("--date", str(TENANTS_DAY))

    with closing_by_hand(place, gate, "--tenant", "south", *of_day) as hand:
        everyone = place.on_day("close", "--all")
        gate.open.set()
        assert hand.end() == 0
    *lines, last = map(json.loads, everyone.out.splitlines())

    assert everyone.status == 8
    ends = {line["tenant"]: line["error"] and line["error"]["code"] for line in lines}
    assert ends == {"north": None, "south": "in_progress"}
    assert last["summary"]["notClosed"] == ["south"]
    assert sorted(gate.handed_over) == ["north", "south"]
    assert rows(place, "SELECT count(*) FROM leases") == [(0,)]
