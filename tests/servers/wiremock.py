"""A WireMock server, the stand-in for the Backend, driven through its Python client."""

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from unittest import mock
from urllib.parse import urlsplit

import httpx
from wiremock.client import Mappings, Requests
from wiremock.constants import Config, make_headers
from wiremock.resources.near_misses import NearMissMatchPatternRequest

from tests.servers.ground import ServerError, docker_answers, wait_until

# Keeps a body of 100 MB out of the journal, which would need a heap of a gigabyte.
JOURNAL_LIMIT_BYTES = 65_536
_START_SECONDS = 60.0


class Machine(Protocol):
    """Where WireMock runs: a process of this machine, or a container."""

    @property
    def url(self) -> str:
        """The address of the server, without a slash at its end."""
        ...

    def start(self) -> None:
        """Start the server; return before it is ready."""
        ...

    def put_file(self, name: str, content: bytes) -> None:
        """Store a file where WireMock looks for bodies."""
        ...

    def failure(self) -> str | None:
        """Say why the server is not running, or None while it is."""
        ...

    def remove(self) -> None:
        """End the server and take away what it stored; twice is fine."""
        ...


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as WireMock received it; names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, without the query."""
        return urlsplit(self.url).path


class WireMockServer:
    """One server with its stubs and its journal of requests.

    `wiremock.client.Mappings` works too: it is pointed at the server that started last.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @property
    def url(self) -> str:
        """The address that the program under test is given."""
        return self._machine.url

    def start(self) -> None:
        """Start the server, and point the Python client at it.

        Raises:
            ServerError: it ended, or didn't answer in time.
        """
        self._machine.start()
        wait_until(self._answers, what="WireMock to answer", timeout_seconds=_START_SECONDS)
        Config.base_url = f"{self.url}/__admin"

    def stub(
        self,
        method: str,
        path: str,
        response: Mapping[str, Any],
        *,
        request: Mapping[str, Any] | None = None,
        **options: object,
    ) -> None:
        """Answer a method and a path, in the words of WireMock's JSON.

        `response` may hold what the Python client has no name for, such as `chunkedDribbleDelay`;
        `request` narrows the match further; `options` are the mapping's own, such as
        `scenarioName` and `priority`. The newest stub that matches answers.
        """
        mapping = {
            "request": {"method": method, "urlPath": path, **(request or {})},
            "response": dict(response),
            **options,
        }
        with _no_proxy():
            answer = Mappings.REST_CLIENT.post(
                Mappings.endpoint(), json=mapping, headers=make_headers()
            )
            Mappings.REST_CLIENT.handle_response(answer)

    def put_file(self, name: str, content: bytes) -> None:
        """Store a body that a stub names as its `bodyFileName`, for bodies too big for JSON."""
        self._machine.put_file(name, content)

    def reset(self) -> None:
        """Forget every stub, every request and every scenario."""
        with _no_proxy():
            # The client's own ways ask for an address that WireMock 3 doesn't have any more.
            answer = Mappings.REST_CLIENT.post("/reset", headers=make_headers())
            Mappings.REST_CLIENT.handle_response(answer)

    def count(self, method: str = "ANY", path: str | None = None) -> int:
        """Count the requests with this method and this path, whatever their query."""
        pattern: dict[str, str] = {"url_pattern": ".*"} if path is None else {"url_path": path}
        with _no_proxy():
            answer = Requests.get_matching_request_count(
                NearMissMatchPatternRequest(method=method, **pattern)
            )
        return int(answer.count)

    def requests(self) -> list[ReceivedRequest]:
        """List the requests since the last reset, the oldest first."""
        with _no_proxy():
            # An empty dict each time: the client keeps its default one, and writes into it.
            answer = Requests.get_all_received_requests(parameters={})
        return [_received(entry.request) for entry in reversed(answer.requests or [])]

    def remove(self) -> None:
        """End the server."""
        self._machine.remove()

    def _answers(self) -> bool:
        failure = self._machine.failure()
        if failure is not None:
            raise ServerError(f"WireMock ended while it started:\n{failure}")
        try:
            answer = httpx.get(f"{self.url}/__admin/mappings", trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK


def start_wiremock() -> WireMockServer:
    """Start WireMock in a container where Docker answers, or else on PyPI's Java.

    Raises:
        ServerError: it didn't start; the message says what is missing or what it printed.
    """
    # Imported here, because each of the two needs what the other one doesn't.
    if docker_answers():
        from tests.servers.wiremock_container import WireMockInContainer  # noqa: PLC0415

        machine: Machine = WireMockInContainer()
    else:
        from tests.servers.wiremock_process import WireMockProcess  # noqa: PLC0415

        machine = WireMockProcess()
    server = WireMockServer(machine)
    try:
        server.start()
    except BaseException:
        server.remove()
        raise
    return server


def _received(request: Any) -> ReceivedRequest:  # noqa: ANN401 - the client has no types
    return ReceivedRequest(
        method=request.method,
        url=request.url,
        headers={name.lower(): value for name, value in (request.headers or {}).items()},
        body=base64.b64decode(request.body_as_base64 or ""),
    )


@contextmanager
def _no_proxy() -> Iterator[None]:
    """Keep the Python client, which believes the environment, away from a test's proxies."""
    with mock.patch.dict(os.environ, {"NO_PROXY": "*", "no_proxy": "*"}):
        yield
