"""An attempt ends in time, however slowly a Backend reads and writes."""

import socket
import ssl
import struct
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport
from aegis_batch.domain.errors import AnswerLost
from aegis_batch.domain.report import Report, TopItem
from tests.integration.closing import DAY, REPORT, closing_over, connect, run_of
from tests.integration.patience import HEAD, PATIENCE_SECONDS, TIMEOUT_SECONDS, find_at, in_time
from tests.integration.raw_tcp import Peer, raw_server

_SIP_BYTES = 256 * 1024


def _dribble_head(peer: Peer) -> None:
    peer.read_head()
    peer.dribble(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000, 0.05)


def _dribble_body(peer: Peer) -> None:
    peer.read_head()
    peer.connection.sendall(HEAD % 1_000)
    peer.dribble(b" " * 1_000, 0.05)


def _dribble_chunks(peer: Peer) -> None:
    peer.read_head()
    peer.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.dribble(b"1\r\n \r\n" * 200, 0.05)


def _dribble_continues(peer: Peer) -> None:
    peer.read_head()
    while not peer.pause(0.05):
        peer.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize(
    "serve",
    [_dribble_head, _dribble_body, _dribble_chunks, _dribble_continues, Peer.hang],
)
def test_an_answer_that_never_ends_is_given_up_in_time(serve: Callable[[Peer], None]) -> None:
    with raw_server(serve) as port:
        find_at(f"http://127.0.0.1:{port}", "backend_timed_out")


def test_a_request_that_is_never_read_is_given_up_in_time() -> None:
    big = Report(DAY, 1, Decimal("1.00"), (TopItem("x" * 30_000_000, Decimal(1)),))
    with (
        raw_server(Peer.hang) as port,
        closing_over(
            connect(f"http://127.0.0.1:{port}", timeout_seconds=TIMEOUT_SECONDS, max_attempts=1)
        ) as closing,
        pytest.raises(AnswerLost),
        in_time(),
    ):
        closing.gateway.submit(run_of(), big)


def test_a_request_that_is_read_in_sips_is_given_up_in_time() -> None:
    def sip(peer: Peer) -> None:
        # Fast enough that each single write gets through in time, slow enough that all don't.
        peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SIP_BYTES)
        while not peer.pause(0.05) and peer.connection.recv(_SIP_BYTES):
            pass

    big = Report(DAY, 1, Decimal("1.00"), (TopItem("x" * 30_000_000, Decimal(1)),))
    with (
        raw_server(sip) as port,
        closing_over(
            connect(f"http://127.0.0.1:{port}", timeout_seconds=TIMEOUT_SECONDS, max_attempts=1)
        ) as closing,
        pytest.raises(AnswerLost),
        in_time(),
    ):
        closing.gateway.submit(run_of(), big)


def test_a_request_that_is_cut_off_may_have_arrived() -> None:
    def cut(peer: Peer) -> None:
        peer.read_head()
        # Closing resets the connection now, whatever is on its way.
        linger = struct.pack("ii", 1, 0)
        peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    big = Report(DAY, 1, Decimal("1.00"), (TopItem("x" * 30_000_000, Decimal(1)),))
    with (
        raw_server(cut) as port,
        closing_over(connect(f"http://127.0.0.1:{port}")) as closing,
        pytest.raises(AnswerLost) as caught,
    ):
        closing.gateway.submit(run_of(), big)

    assert caught.value.attempts == 3


def test_where_no_time_is_left_nothing_is_begun() -> None:
    def serve(peer: Peer) -> None:
        while peer.read_head():
            peer.connection.sendall(HEAD % 0)

    transport = DeadlineTransport(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    with (
        raw_server(serve) as port,
        httpx.Client(transport=transport, trust_env=False) as client,
    ):
        url = f"http://127.0.0.1:{port}/"
        with pytest.raises(httpx.ConnectTimeout), transport.within(0.0):
            client.get(url)
        assert client.get(url).status_code == 200
        with pytest.raises(httpx.WriteTimeout), transport.within(0.0):
            client.get(url)
        # Of two bounds the nearer one counts, on whichever side it stands.
        with (
            pytest.raises(httpx.ConnectTimeout),
            transport.within(0.0),
            transport.within(PATIENCE_SECONDS),
        ):
            client.get(url)


def test_a_created_report_waits_for_no_body() -> None:
    def create(peer: Peer) -> None:
        peer.read_head()
        peer.connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        peer.hang()

    with (
        raw_server(create) as port,
        closing_over(connect(f"http://127.0.0.1:{port}", timeout_seconds=30.0)) as closing,
        in_time(),
    ):
        assert closing.gateway.submit(run_of(), REPORT).created
