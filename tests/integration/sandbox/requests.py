"""Requests to the stand-in Backend."""

import http.client
import json
import socket
from typing import Any

import httpx

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import BODY, TOKEN

HEADERS = {"X-SERVICE-TOKEN": TOKEN, "Content-Type": "application/json"}
SUBMIT = "/internal/reports/daily"
FIND = "/reports/2026-11-21"
REPORT: dict[str, Any] = json.loads(BODY)
_JSON = "Content-Type: application/json"


def submit(client: httpx.Client, **changes: object) -> httpx.Response:
    """Hand over the report of the day with other fields."""
    return client.post(SUBMIT, content=json.dumps({**REPORT, **changes}))


def port_of(sandbox: SandboxServer) -> int:
    """Return the port that a sandbox listens on."""
    port = httpx.URL(sandbox.url).port
    assert port is not None
    return port


def raw_status(sandbox: SandboxServer, line: str, header: str = "X: 1") -> int:
    """Send a head as it stands here, and return the status of the answer."""
    port = httpx.URL(sandbox.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        version = "" if line.count(" ") > 1 else " HTTP/1.1"
        head = f"{line}{version}\r\nX-SERVICE-TOKEN: {TOKEN}\r\n{_JSON}\r\n{header}\r\n\r\n"
        connection.sendall(head.encode("latin-1"))
        with http.client.HTTPResponse(connection) as answer:
            answer.begin()
            answer.read()
            return answer.status
