"""An attempt ends in time, wherever a Backend is slow."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
import pytest

from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport
from aegis_batch.domain.errors import AnswerLost, BackendUnavailable
from aegis_batch.domain.report import Report, TopItem
from tests.integration.closing import BODY, DAY, REPORT, closing_over, connect, run_of
from tests.integration.raw_tcp import Peer, raw_server

_TIMEOUT_SECONDS = 0.5
# Far more than the time-out, and far less than any of the servers here takes.
_PATIENCE_SECONDS = 3.0
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@contextmanager
def _in_time() -> Iterator[None]:
    started_seconds = time.monotonic()
    yield
    assert time.monotonic() - started_seconds < _PATIENCE_SECONDS


def _find_at(url: str, code: str) -> None:
    """Find a report in one attempt, and see it fail in time with a code."""
    with (
        closing_over(connect(url, timeout_seconds=_TIMEOUT_SECONDS)) as closing,
        pytest.raises(BackendUnavailable) as caught,
        _in_time(),
    ):
        closing.gateway.find(run_of(), once=True)
    assert caught.value.code == code


def _dribble_head(peer: Peer) -> None:
    peer.read_head()
    peer.dribble(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000, 0.05)


def _dribble_body(peer: Peer) -> None:
    peer.read_head()
    peer.connection.sendall(_HEAD % 1_000)
    peer.dribble(b" " * 1_000, 0.05)


def _dribble_chunks(peer: Peer) -> None:
    peer.read_head()
    peer.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.dribble(b"1\r\n \r\n" * 200, 0.05)


def _dribble_continues(peer: Peer) -> None:
    peer.read_head()
    while not peer.pause(0.05):
        peer.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def _never_answer(peer: Peer) -> None:
    peer.hang()


@pytest.mark.parametrize(
    "serve",
    [_dribble_head, _dribble_body, _dribble_chunks, _dribble_continues, _never_answer],
)
def test_an_answer_that_never_ends_is_given_up_in_time(serve: Callable[[Peer], None]) -> None:
    with raw_server(serve) as port:
        _find_at(f"http://127.0.0.1:{port}", "backend_timed_out")


def test_a_request_that_is_never_read_is_given_up_in_time() -> None:
    big = Report(DAY, 1, Decimal("1.00"), (TopItem("x" * 30_000_000, Decimal(1)),))
    with (
        raw_server(_never_answer) as port,
        closing_over(
            connect(f"http://127.0.0.1:{port}", timeout_seconds=_TIMEOUT_SECONDS, max_attempts=1)
        ) as closing,
        pytest.raises(AnswerLost),
        _in_time(),
    ):
        closing.gateway.submit(run_of(), big)


def test_a_request_that_is_read_in_sips_is_given_up_in_time() -> None:
    def sip(peer: Peer) -> None:
        while not peer.pause(0.05):
            peer.connection.recv(100_000)

    big = Report(DAY, 1, Decimal("1.00"), (TopItem("x" * 30_000_000, Decimal(1)),))
    with (
        raw_server(sip) as port,
        closing_over(
            connect(f"http://127.0.0.1:{port}", timeout_seconds=_TIMEOUT_SECONDS, max_attempts=1)
        ) as closing,
        pytest.raises(AnswerLost),
        _in_time(),
    ):
        closing.gateway.submit(run_of(), big)


def test_a_created_report_waits_for_no_body() -> None:
    def create(peer: Peer) -> None:
        peer.read_head()
        peer.connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        peer.hang()

    with (
        raw_server(create) as port,
        closing_over(connect(f"http://127.0.0.1:{port}", timeout_seconds=30.0)) as closing,
        _in_time(),
    ):
        assert closing.gateway.submit(run_of(), REPORT).created


def test_a_port_that_takes_no_connection_is_given_up_in_time() -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The queue is full now: the system drops whatever else comes.
        for client in (first, second):
            client.setblocking(False)  # noqa: FBT003 - socket's own signature
            client.connect_ex(listener.getsockname())
        _find_at(f"http://127.0.0.1:{listener.getsockname()[1]}", "backend_unreachable")


def test_a_tls_handshake_that_never_ends_is_given_up_in_time() -> None:
    with raw_server(_never_answer) as port:
        _find_at(f"https://127.0.0.1:{port}", "backend_unreachable")


def test_a_server_without_tls_is_unreachable_over_https() -> None:
    def answer(peer: Peer) -> None:
        peer.connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(answer) as port:
        _find_at(f"https://127.0.0.1:{port}", "backend_unreachable")


def test_a_resolver_that_never_answers_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = threading.Event()

    def resolve(*_: object, **__: object) -> list[Any]:
        ended.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        _find_at("https://backend.example", "backend_unreachable")
    finally:
        ended.set()


def test_a_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    _find_at("https://backend.example", "backend_unreachable")


def test_the_next_address_of_a_name_is_tried_while_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(peer: Peer) -> None:
        peer.read_head()
        peer.connection.sendall(_HEAD % len(BODY.encode()) + BODY.encode())

    really = socket.getaddrinfo

    def resolve(host: str, port: int, *options: Any, **more: Any) -> list[Any]:  # noqa: ANN401
        # The last one listens; the first two are loopback too, with nobody there.
        names = ("127.0.0.3", "127.0.0.2", "127.0.0.1") if host == "backend.internal" else (host,)
        return [found for name in names for found in really(name, port, *options, **more)]

    with raw_server(find) as port:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with closing_over(connect(f"http://backend.internal:{port}")) as closing:
            assert closing.gateway.find(run_of()) is not None


def test_connections_are_kept_from_one_call_to_the_next() -> None:
    heads: list[bytes] = []
    connections: list[Peer] = []

    def serve(peer: Peer) -> None:
        connections.append(peer)
        while head := peer.read_head():
            heads.append(head)
            peer.connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nunknown")

    with (
        raw_server(serve) as port,
        closing_over(connect(f"http://127.0.0.1:{port}")) as closing,
    ):
        for _ in range(3):
            assert closing.gateway.find(run_of()) is None

    assert len(heads) == 3
    assert len(connections) == 1


def _anonymous(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a context do without certificates, so that a test needs none."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("dribbles", [False, True])
def test_tls_carries_an_answer_and_keeps_the_deadline(*, dribbles: bool) -> None:
    context = _anonymous(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    def serve(peer: Peer) -> None:
        with context.wrap_socket(peer.connection, server_side=True) as connection:
            inner = Peer(connection, peer._stopped)  # noqa: SLF001 - the same test's end
            inner.read_head()
            connection.sendall(_HEAD % 200)
            inner.dribble(b" " * 200, 0.05 if dribbles else 0.0)

    transport = DeadlineTransport(_anonymous(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    with (
        raw_server(serve) as port,
        httpx.Client(transport=transport, trust_env=False) as client,
        _in_time(),
    ):
        if dribbles:
            with pytest.raises(httpx.ReadTimeout), transport.within(_TIMEOUT_SECONDS):
                client.get(f"https://127.0.0.1:{port}/")
        else:
            with transport.within(_PATIENCE_SECONDS):
                assert client.get(f"https://127.0.0.1:{port}/").content == b" " * 200
