"""The stand-in Backend as people start it: its lines, its token, its store, its end."""

import json
import re
import signal
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.integration.demo_place import COMMAND_SECONDS, PROGRAM, Place

pytestmark = pytest.mark.measured

REPORT = {
    "reportDate": "2026-11-21",
    "totalOrders": 1,
    "totalRevenue": 20.50,
    "topItems": [{"name": "Hambúrguer", "qty": 1}],
}
SUBMIT, FIND = "/internal/reports/daily", "/reports/2026-11-21"


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.remove()


@dataclass
class Sandbox:
    """A sandbox that runs, and what it printed."""

    process: subprocess.Popen[str]
    variables: dict[str, str]
    output: str = ""
    errors: str = ""

    @property
    def url(self) -> str:
        return self.variables["BACKEND_BASE_URL"]

    @property
    def token_file(self) -> Path:
        return Path(self.variables["X_SERVICE_TOKEN_FILE"])

    def ask(self, token: str | None = None) -> int:
        """Ask for a report, by default with the token of the file, and return the status."""
        known = self.token_file.read_text().strip() if token is None else token
        headers = {"X-SERVICE-TOKEN": known}
        return httpx.get(self.url + FIND, headers=headers, trust_env=False).status_code

    def hand_over(self) -> int:
        """Hand a report over and return the status."""
        headers = {"X-SERVICE-TOKEN": self.token_file.read_text().strip()}
        answer = httpx.post(self.url + SUBMIT, json=REPORT, headers=headers, trust_env=False)
        return answer.status_code

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it, keep what it printed, and return its status."""
        self.process.send_signal(number)
        output, self.errors = self.process.communicate(timeout=COMMAND_SECONDS)
        self.output += output
        return self.process.returncode


@contextmanager
def sandbox_of(
    place: Place, *arguments: str, environ: dict[str, str] | None = None, lines: int = 2
) -> Iterator[Sandbox]:
    with subprocess.Popen(
        [PROGRAM, "sandbox", "--port", "0", *arguments],
        cwd=place.work,
        env=place.environ(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = "".join(process.stdout.readline() for _ in range(lines))
            pairs = re.findall(r"^export (\w+)=(\S+)$", told, re.MULTILINE)
            yield Sandbox(process, dict(pairs), told)
        finally:
            process.kill()


def test_the_lines_that_it_prints_are_enough_to_use_it(place: Place) -> None:
    with sandbox_of(place) as sandbox:
        assert list(sandbox.variables) == ["BACKEND_BASE_URL", "X_SERVICE_TOKEN_FILE"]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", sandbox.url)
        assert [sandbox.ask(), sandbox.hand_over(), sandbox.hand_over(), sandbox.ask()] == [
            404,
            201,
            200,
            200,
        ]
        assert sandbox.ask("wrong") == 401
        token = sandbox.token_file.read_text().strip()
        assert stat.S_IMODE(sandbox.token_file.stat().st_mode) == 0o600
        assert sandbox.end() == 143
        assert [line.split()[0] for line in sandbox.output.splitlines()] == ["export", "export"]
        assert "POST /internal/reports/daily 201" in sandbox.errors
        assert len(token) >= 32
        assert token not in sandbox.output + sandbox.errors


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_stops_it_and_the_store_stays(
    place: Place, number: signal.Signals, status: int
) -> None:
    with sandbox_of(place) as sandbox:
        sandbox.hand_over()
        assert sandbox.end(number) == status
        assert "Traceback" not in sandbox.errors
        assert "defect" not in sandbox.errors
    store = place.work / "aegis-sandbox.sqlite"
    with sqlite3.connect(store) as connection:
        assert connection.execute("SELECT count(*) FROM reports").fetchone() == (1,)
    connection.close()
    assert sorted(path.name for path in place.work.iterdir()) == [
        "aegis-sandbox.sqlite",
        "aegis-sandbox.token",
    ]
    assert place.processes() == []


def test_started_again_it_has_the_same_reports_and_the_same_token(place: Place) -> None:
    with sandbox_of(place) as before:
        before.hand_over()
        token = before.token_file.read_text()
        before.end()
    with sandbox_of(place) as after:
        assert after.token_file.read_text() == token
        assert [after.ask(), after.hand_over()] == [200, 200]


def test_a_store_that_is_named_has_its_token_beside_it(place: Place) -> None:
    with sandbox_of(place, "--store", "some.db") as sandbox:
        assert sandbox.token_file == place.work / "some.token"
        assert sandbox.hand_over() == 201
    assert (place.work / "some.db").exists()


def test_the_token_of_the_environment_is_asked_for_and_never_printed(place: Place) -> None:
    environ = {"X_SERVICE_TOKEN": "canary-token"}
    with sandbox_of(place, environ=environ, lines=1) as sandbox:
        assert list(sandbox.variables) == ["BACKEND_BASE_URL"]
        assert [sandbox.ask("canary-token"), sandbox.ask("wrong")] == [404, 401]
        sandbox.end()
        assert len(sandbox.output.splitlines()) == 1
        assert "canary-token" not in sandbox.output + sandbox.errors
    assert not (place.work / "aegis-sandbox.token").exists()


def test_the_file_of_the_environments_token_is_named_again(place: Place) -> None:
    (place.work / "my token").write_text("canary-token\n")
    with sandbox_of(place, environ={"X_SERVICE_TOKEN_FILE": "my token"}) as sandbox:
        sandbox.end()
        assert f"export X_SERVICE_TOKEN_FILE='{place.work}/my token'" in sandbox.output
        assert "canary-token" not in sandbox.output + sandbox.errors


def test_a_port_that_is_taken_is_told(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        outcome = place.run("sandbox", "--port", port)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert port in outcome.stderr
    assert place.leftovers() == []


def test_a_port_that_is_taken_does_no_harm_to_a_store_that_is_there(place: Place) -> None:
    with sandbox_of(place) as sandbox:
        sandbox.hand_over()
        token = sandbox.token_file.read_text()
        sandbox.end()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert place.run("sandbox", "--port", str(taken.getsockname()[1])).returncode == 2
    with sandbox_of(place) as again:
        assert again.token_file.read_text() == token
        assert again.ask() == 200


def test_a_store_that_is_no_store_is_told_and_stays_as_it_is(place: Place) -> None:
    store = place.work / "letter.txt"
    store.write_text("Dear Sir or Madam, this has never been a database.\n" * 20)
    before = store.read_bytes()
    outcome = place.run("sandbox", "--store", "letter.txt", "--port", "0")
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "letter.txt" in outcome.stderr
    assert list(place.work.iterdir()) == [store]
    assert store.read_bytes() == before


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(place: Place, port: str) -> None:
    assert place.run("sandbox", "--port", port).returncode == 2
    assert place.leftovers() == []


def test_a_token_file_that_others_may_read_is_not_trusted(place: Place) -> None:
    token_file = place.work / "aegis-sandbox.token"
    token_file.write_text("canary-token")
    token_file.chmod(0o644)
    outcome = place.run("sandbox")
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "may be read by others" in outcome.stderr
    assert "canary-token" not in outcome.stderr
    assert list(place.work.iterdir()) == [token_file]


def test_a_token_file_that_leads_elsewhere_is_not_followed(place: Place) -> None:
    (place.work / "aegis-sandbox.token").symlink_to(place.home / "elsewhere")
    assert place.run("sandbox").returncode == 2
    assert not (place.home / "elsewhere").exists()


@pytest.mark.parametrize("content", ["", "  \n", "não é token"])
def test_a_token_file_without_a_token_is_told(place: Place, content: str) -> None:
    token_file = place.work / "aegis-sandbox.token"
    token_file.touch(0o600)
    token_file.write_text(content)
    outcome = place.run("sandbox")
    assert outcome.returncode == 2
    assert "holds no secret" in outcome.stderr


def test_a_store_in_a_folder_that_is_not_there_is_told(place: Place) -> None:
    for environ in ({}, {"X_SERVICE_TOKEN": "canary-token"}):
        outcome = place.run("sandbox", "--store", "none/store.sqlite", environ=environ)
        assert outcome.returncode == 2
        assert f"{place.work}/none is not there" in outcome.stderr
        assert "Make the folder" in outcome.stderr
        assert place.leftovers() == []


def test_a_close_by_the_lines_that_it_prints_reaches_it(place: Place) -> None:
    with sandbox_of(place) as sandbox:
        outcome = place.paste(
            *sandbox.output.splitlines(),
            "export DATABASE_URL=postgresql://nobody@127.0.0.1:1/none AEGIS_DB_CONNECT_SECONDS=1",
            "aegis-batch close --date 2026-11-21 --output json",
        )
    # The Backend is asked first: it answered, and only the orders are out of reach.
    told = json.loads(outcome.stdout)
    assert (told["outcome"], told["alreadyClosed"]) == ("unreadable", False)
