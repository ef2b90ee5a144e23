"""How connections to the Backend come about, in time, and how they are kept."""

import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport
from tests.integration.closing import BODY, closing_over, connect, run_of
from tests.integration.patience import HEAD, PATIENCE_SECONDS, TIMEOUT_SECONDS, find_at, in_time
from tests.integration.raw_tcp import Peer, raw_server

CERTIFICATE = Path(__file__).parents[1] / "data" / "nobodys_certificate.pem"


def test_a_port_that_takes_no_connection_is_given_up_in_time() -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The queue is full now: the system drops whatever else comes.
        for client in (first, second):
            client.setblocking(False)  # noqa: FBT003 - socket's own signature
            client.connect_ex(listener.getsockname())
        find_at(f"http://127.0.0.1:{listener.getsockname()[1]}", "backend_unreachable")


def test_a_tls_handshake_that_never_ends_is_given_up_in_time() -> None:
    with raw_server(Peer.hang) as port:
        find_at(f"https://127.0.0.1:{port}", "backend_unreachable")


def test_a_server_without_tls_is_unreachable_over_https() -> None:
    def answer(peer: Peer) -> None:
        peer.connection.recv(65_536)
        peer.connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(answer) as port:
        find_at(f"https://127.0.0.1:{port}", "backend_without_tls")


def test_a_certificate_that_nobody_signed_is_told_from_a_server_that_is_away() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def greet(peer: Peer) -> None:
        with context.wrap_socket(peer.connection, server_side=True):
            pass

    with raw_server(greet) as port:
        find_at(f"https://127.0.0.1:{port}", "backend_untrusted")


def test_a_resolver_that_never_answers_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = threading.Event()

    def resolve(*_: object, **__: object) -> list[Any]:
        ended.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        find_at("https://backend.example", "backend_unreachable")
    finally:
        ended.set()


def test_a_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    find_at("https://backend.example", "backend_host_unknown")


def test_the_next_address_of_a_name_is_tried_while_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(peer: Peer) -> None:
        peer.read_head()
        peer.connection.sendall(HEAD % len(BODY.encode()) + BODY.encode())

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
            connection.sendall(HEAD % 200)
            inner.dribble(b" " * 200, 0.05 if dribbles else 0.0)

    transport = DeadlineTransport(_anonymous(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    with (
        raw_server(serve) as port,
        httpx.Client(transport=transport, trust_env=False) as client,
        in_time(),
    ):
        if dribbles:
            with pytest.raises(httpx.ReadTimeout), transport.within(TIMEOUT_SECONDS):
                client.get(f"https://127.0.0.1:{port}/")
        else:
            with transport.within(PATIENCE_SECONDS):
                assert client.get(f"https://127.0.0.1:{port}/").content == b" " * 200
