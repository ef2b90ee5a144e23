"""A process that is killed when the Backend has its report, and the ledger doesn't know yet."""

import os
import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import DAY, TOKEN
from tests.integration.program import end, start
from tests.integration.serving_place import Place, place_of
from tests.servers.postgres import Database

BY_ITSELF = ("prove", DAY.isoformat(), "--output", "json")


class Killer:
    """Passes requests on to a Backend, and kills who hands a report over before the answer."""

    def __init__(self, backend_url: str) -> None:
        killer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(httpx.get(f"{backend_url}{self.path}", headers=dict(self.headers)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                killer.sent += 1
                url, headers = f"{backend_url}{self.path}", dict(self.headers)
                answer = httpx.post(url, content=body, headers=headers)
                if killer.victim is not None:
                    os.kill(killer.victim, signal.SIGKILL)
                    killer.victim = None
                    self.close_connection = True
                    return
                self._answer(answer)

            def _answer(self, answer: httpx.Response) -> None:
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
                """Write nothing."""

        self.victim: int | None = None
        self.sent = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def kill_at_submission(self, place: Place, *arguments: str) -> None:
        """Run a command that is killed when its report has arrived."""
        process = start(arguments, place.settings, place.folder)
        self.victim = process.pid
        assert end(process).status == -signal.SIGKILL

    def stop(self) -> None:
        """Answer nothing more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def killer(tmp_path: Path) -> Iterator[Killer]:
    backend = SandboxServer(tmp_path / "backend.sqlite", TOKEN)
    backend.start()
    killer = Killer(backend.url)
    yield killer
    killer.stop()
    backend.stop()


@pytest.fixture
def place(shop: Database, killer: Killer, tmp_path: Path) -> Place:
    return place_of(tmp_path, shop, killer.url)


def test_a_backfill_that_goes_on_seals_the_day_that_it_had_sent(
    killer: Killer, place: Place
) -> None:
    day = DAY.isoformat()
    told = place.run("backfill", "--from", day, "--to", day, "--output", "json").told
    plan_id = told["backfill"]["id"]
    killer.kill_at_submission(place, "backfill", "--yes", plan_id)

    resumed = place.run("backfill", "resume", plan_id)
    proved = place.run(*BY_ITSELF)

    assert (resumed.status, killer.sent) == (0, 1), resumed.err
    assert proved.status == 0, proved.out
    assert proved.told["link"]["outcome"] == "already_closed"
    assert (proved.told["reportWasSent"], proved.told["reportMayHaveBeenSent"]) == (False, True)
    assert proved.told["verification"]["sealDigest"] == proved.told["link"]["digest"]


def test_a_close_by_hand_that_was_killed_is_sealed_by_the_command_that_prove_names(
    killer: Killer, place: Place
) -> None:
    close = ("close", "--date", DAY.isoformat())
    killer.kill_at_submission(place, *close)

    again = place.run(*close)
    unsealed = place.run(*BY_ITSELF)
    command = unsealed.told["unsealed"]["sealedBy"].split()
    planned = place.run(*command[1:], "--output", "json")
    done = place.run("backfill", "--yes", planned.told["backfill"]["id"])
    proved = place.run(*BY_ITSELF)

    assert (again.status, unsealed.status) == (0, 2)
    assert "found closed by a run that began after" in unsealed.told["unsealed"]["causes"][-1]
    assert (done.status, killer.sent) == (0, 1)
    assert (proved.status, proved.told["link"]["outcome"]) == (0, "already_closed")
