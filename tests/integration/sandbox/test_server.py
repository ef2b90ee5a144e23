"""The server round the sandbox: sockets, threads, the store, and what it shows."""

import http.client
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import httpx
import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.domain.errors import InvalidRequest
from tests.integration.closing import BODY, TOKEN
from tests.integration.sandbox.requests import FIND, HEADERS, SUBMIT, port_of, raw_status, submit
from tests.servers.ground import free_port


@pytest.mark.parametrize("length", ["-1", "+1", "1x", "0x10", "1_0", "²", "9" * 30])
def test_a_length_that_is_no_number_is_a_bad_request(sandbox: SandboxServer, length: str) -> None:
    assert raw_status(sandbox, f"POST {SUBMIT}", f"Content-Length: {length}") == 400


def test_a_request_line_that_is_none_is_a_bad_request(sandbox: SandboxServer) -> None:
    assert raw_status(sandbox, "GET a b c d") == 400


def test_an_unknown_method_is_not_implemented(sandbox: SandboxServer) -> None:
    assert raw_status(sandbox, f"BREW {FIND}") == 501


def test_a_head_that_is_too_long_is_refused(sandbox: SandboxServer) -> None:
    assert raw_status(sandbox, f"GET /{'x' * 70_000}") == 414
    assert raw_status(sandbox, f"GET {FIND}", "X: " + "x" * 70_000) == 431


def test_a_body_that_is_announced_is_asked_for(sandbox: SandboxServer) -> None:
    port = port_of(sandbox)
    body = BODY.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            f"POST {SUBMIT} HTTP/1.1\r\nX-SERVICE-TOKEN: {TOKEN}\r\nExpect: 100-continue\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")


def test_one_connection_serves_many_requests(sandbox: SandboxServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(sandbox))
    statuses = []
    own_ends = set()
    for _ in range(3):
        connection.request("POST", SUBMIT, BODY.encode(), HEADERS)
        with connection.getresponse() as answer:
            answer.read()
            statuses.append(answer.status)
        own_ends.add(connection.sock.getsockname())
    connection.close()

    assert statuses == [201, 200, 200]
    assert len(own_ends) == 1


def test_reports_survive_a_restart(tmp_path: Path) -> None:
    for status in (201, 200):
        server = SandboxServer(tmp_path / "reports.db", TOKEN)
        server.start()
        answer = httpx.post(server.url + SUBMIT, content=BODY, headers=HEADERS, trust_env=False)
        server.stop()
        assert answer.status_code == status


def test_of_ten_at_once_one_creates_and_all_see_its_report(sandbox: SandboxServer) -> None:
    start = Barrier(10)

    def submit(number: int) -> tuple[int, str]:
        body = BODY.replace("50.50", f"{number}.00")
        start.wait()
        answer = httpx.post(sandbox.url + SUBMIT, content=body, headers=HEADERS, trust_env=False)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(submit, range(10)))

    assert sorted(status for status, _ in answers) == [200] * 9 + [201]
    assert len({text for status, text in answers if status == 200}) == 1


def test_two_servers_may_share_a_store(tmp_path: Path) -> None:
    servers = [SandboxServer(tmp_path / "reports.db", TOKEN) for _ in range(2)]
    statuses = []
    for server in servers:
        server.start()
        answer = httpx.post(server.url + SUBMIT, content=BODY, headers=HEADERS, trust_env=False)
        statuses.append(answer.status_code)
    for server in servers:
        server.stop()

    assert statuses == [201, 200]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "", "127.1"])  # noqa: S104
def test_only_loopback_is_served(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        SandboxServer(tmp_path / "reports.db", TOKEN, host=host)

    assert caught.value.code == "sandbox_not_on_loopback"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "localhost", "::1"])
def test_every_loopback_address_is_served(tmp_path: Path, host: str) -> None:
    server = SandboxServer(tmp_path / "reports.db", TOKEN, host=host)
    server.start()
    try:
        answer = httpx.get(server.url + FIND, headers=HEADERS, trust_env=False)
    finally:
        server.stop()

    assert answer.status_code == 404


def test_a_port_that_is_taken_is_named(sandbox: SandboxServer, tmp_path: Path) -> None:
    port = port_of(sandbox)
    with pytest.raises(InvalidRequest, match=str(port)) as caught:
        SandboxServer(tmp_path / "other.db", TOKEN, port=port)

    assert caught.value.code == "sandbox_port_unusable"


def test_a_port_may_be_chosen(tmp_path: Path) -> None:
    port = free_port()
    server = SandboxServer(tmp_path / "reports.db", TOKEN, port=port)
    server.stop()

    assert server.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("name", ["nowhere/reports.db", "."])
def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        SandboxServer(tmp_path / name, TOKEN)

    assert caught.value.code == "sandbox_store_unusable"


def test_a_store_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, but some text\n" * 100)

    with pytest.raises(InvalidRequest) as caught:
        SandboxServer(path, TOKEN)

    assert caught.value.code == "sandbox_store_unusable"


def test_a_store_that_fails_later_is_a_passing_failure(
    sandbox: SandboxServer, client: httpx.Client, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "reports.db")) as other:
        other.execute("DROP TABLE reports")

    assert client.get(FIND).status_code == 503
    assert client.post(SUBMIT, content=BODY).status_code == 503


def test_each_request_has_one_short_line(client: httpx.Client, lines: list[str]) -> None:
    client.post(SUBMIT, content=BODY)
    client.get(FIND)
    client.get(f"{FIND}?token={TOKEN}")
    client.get(f"/{TOKEN}")
    client.get(f"/reports/{TOKEN}")
    client.put(SUBMIT, headers={"X-SERVICE-TOKEN": "wrong"})

    unknown = "(a path that the contract does not have)"
    assert lines == [
        f"POST {SUBMIT} 201",
        f"GET {FIND} 200",
        f"GET {FIND} 200",
        f"GET {unknown} 404",
        f"GET {unknown} 400",
        f"PUT {SUBMIT} 401",
    ]


def test_the_token_is_never_shown(
    client: httpx.Client,
    sandbox: SandboxServer,
    lines: list[str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    answers = [
        client.get(f"/reports/{TOKEN}"),
        client.get(f"/{TOKEN}"),
        client.request(TOKEN, f"/{TOKEN}"),
        client.post(SUBMIT, content=f'"{TOKEN}"'),
        client.post(SUBMIT, content=TOKEN),
        submit(client, **{TOKEN: 1}),
        submit(client, reportDate=TOKEN),
        client.post(SUBMIT, content=BODY, headers={"Content-Type": TOKEN}),
    ]
    raw_status(sandbox, f"GET {TOKEN} b c d")

    assert all(answer.status_code >= 400 for answer in answers)
    # The name of a field that should not be there is the one thing told back.
    told = [answer for answer in answers if TOKEN in answer.text + repr(answer.headers)]
    assert told == [answers[5]]
    assert TOKEN not in "".join(lines)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert TOKEN not in repr(sandbox)


def test_a_server_that_stopped_answers_nobody(sandbox: SandboxServer, client: httpx.Client) -> None:
    assert client.get(FIND).status_code == 404

    sandbox.stop()
    sandbox.stop()

    # Neither over the connection that was kept, nor over a new one.
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            client.get(FIND)


def test_serving_for_ever_ends_when_it_is_stopped(tmp_path: Path) -> None:
    server = SandboxServer(tmp_path / "reports.db", TOKEN)
    thread = Thread(target=server.serve_forever)
    thread.start()
    assert httpx.get(server.url + FIND, headers=HEADERS, trust_env=False).status_code == 404

    server.stop()
    thread.join(10)

    assert not thread.is_alive()
