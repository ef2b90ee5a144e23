"""Connections to the control plane that nothing is asked by, and too many of them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import httpx
import pytest
from fastapi import FastAPI
from loguru import logger

from aegis_batch.adapters.inbound.control import server
from aegis_batch.adapters.inbound.control.server import ControlServer

_CONNECTIONS_MAX = 3


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where an application without a route listens, for few connections at a time."""
    monkeypatch.setattr(server, "_CONNECTIONS_MAX", _CONNECTIONS_MAX)
    monkeypatch.setattr(server, "_REQUEST_SECONDS", 2)
    ports: list[int] = []
    sink = logger.add(lambda told: ports.append(told.record["extra"]["port"]), level="INFO")
    with ControlServer(FastAPI(), "127.0.0.1", 0):
        logger.remove(sink)
        yield ports[0]


def test_one_connection_more_than_may_be_is_told_when_to_come_again(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(_CONNECTIONS_MAX):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
        answer = httpx.get(f"http://127.0.0.1:{port}/")

    assert (answer.status_code, answer.json()["code"]) == (503, "too_many_connections")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.headers["retry-after"], answer.headers["connection"]) == ("5", "close")


def test_connections_that_ask_for_nothing_are_closed_and_keep_nobody_out(port: int) -> None:
    with ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            for _ in range(_CONNECTIONS_MAX)
        ]
        # Half a request is none.
        opened[0].sendall(b"GET / HTTP/1.1\r\nHost: x")
        assert [each.recv(1) for each in opened] == [b""] * _CONNECTIONS_MAX
        answer = httpx.get(f"http://127.0.0.1:{port}/")

    assert answer.status_code == 404


def test_a_connection_by_which_requests_come_stays(port: int) -> None:
    idle = socket.create_connection(("127.0.0.1", port), 30)
    with idle, closing(HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        client.request("GET", "/")
        client.getresponse().read()
        kept = client.sock
        # It was there before, and is closed meanwhile.
        assert idle.recv(1) == b""
        client.request("GET", "/")
        assert client.getresponse().status == 404
        assert client.sock is kept
