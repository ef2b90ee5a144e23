"""What every caller of services promises; the real one calls a server of the test's own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from aegis_batch.adapters.outbound.http.service_caller import HttpServiceCaller, RegisteredService
from aegis_batch.adapters.outbound.memory.service_caller import InMemoryServiceCaller
from aegis_batch.application.ports.service_caller import ServiceAnswer, ServiceCall, ServiceCaller
from aegis_batch.domain.errors import AegisError, ServiceRefused, ServiceUnavailable

CALL = ServiceCall(
    service="rankings",
    endpoint="/run",
    method="POST",
    tenant="north",
    id="run-1",
    trace_id="0" * 31 + "1",
    correlation_id="event-7",
    timeout_seconds=5.0,
    body='{"top":10}',
)
Heard = list[tuple[str, str, dict[str, str], str]]


class Service(BaseHTTPRequestHandler):
    """Answers by the path, and remembers what it was asked."""

    heard: Heard

    def do_POST(self) -> None:
        """Answer with the status that ends the path, or with 200."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.heard.append((self.command, self.path, dict(self.headers), body))
        name = self.path.rpartition("/")[2]
        if name == "hang":
            self.rfile.read(1)
            return
        answer = b"x" * 100_000 if name == "long" else b'{"done":true}'
        self.send_response(int(name) if name.isdigit() else 200)
        if name == "302":
            self.send_header("Location", "http://169.254.169.254/latest/meta-data")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - the same

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the library declares it
        """Say nothing."""


@pytest.fixture(scope="module")
def heard() -> Heard:
    """What the server was asked."""
    return []


@pytest.fixture(scope="module")
def address(heard: Heard) -> Iterator[str]:
    """The address of a server."""
    handler = type("OwnService", (Service,), {"heard": heard})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def called(address: str) -> HttpServiceCaller:
    """Return what calls the server as the service rankings."""
    service = RegisteredService(address + "/", "X-Key", "a secret of its own")
    return HttpServiceCaller({"rankings": service}, "aegis-batch/test")


@pytest.fixture(params=["memory", "http"])
def caller(request: pytest.FixtureRequest, address: str) -> ServiceCaller:
    """A caller of a service that answers."""
    if request.param == "http":
        return called(address)
    answer = ServiceAnswer(200, '{"done":true}', is_cut=False)
    return InMemoryServiceCaller({"rankings": answer})


def refused(caller: ServiceCaller, **changes: Any) -> AegisError:  # noqa: ANN401 - of many types
    """Return the error of a call."""
    call = ServiceCall(**{**{f: getattr(CALL, f) for f in ServiceCall.__slots__}, **changes})
    with pytest.raises((ServiceRefused, ServiceUnavailable)) as caught:
        caller.call(call)
    assert "secret" not in str(caught.value)
    return caught.value


def test_a_call_is_answered(caller: ServiceCaller) -> None:
    assert list(caller.names()) == ["rankings"]
    assert caller.call(CALL) == ServiceAnswer(200, '{"done":true}', is_cut=False)


def test_a_service_that_is_not_registered_is_refused(caller: ServiceCaller) -> None:
    assert refused(caller, service="other").code == "unknown_service"


def test_a_call_says_whose_it_is_and_which(address: str, heard: Heard) -> None:
    called(address).call(CALL)

    method, path, headers, body = heard[-1]
    assert (method, path, json.loads(body)) == ("POST", "/run", {"top": 10})
    assert headers["X-Key"] == "a secret of its own"
    assert headers["Idempotency-Key"] == "run-1"
    assert headers["X-TENANT-ID"] == "north"
    assert headers["X-Correlation-ID"] == CALL.correlation_id
    assert headers["traceparent"].startswith(f"00-{CALL.trace_id}-")


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
def test_an_answer_that_says_no_is_final(address: str, status: int) -> None:
    error = refused(called(address), endpoint=f"/{status}")
    assert (error.code, error.retryable) == ("service_refused", False)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_an_answer_of_trouble_may_pass(address: str, status: int) -> None:
    error = refused(called(address), endpoint=f"/{status}")
    assert (error.code, error.retryable) == ("service_failing", True)


def test_a_redirect_is_not_followed(address: str, heard: Heard) -> None:
    before = len(heard)
    assert refused(called(address), endpoint="/302").code == "service_redirects"
    assert len(heard) == before + 1


def test_a_long_answer_is_cut(address: str) -> None:
    answer = called(address).call(
        ServiceCall(**{**{f: getattr(CALL, f) for f in ServiceCall.__slots__}, "endpoint": "/long"})
    )
    assert (len(answer.text), answer.is_cut) == (65_536, True)


def test_a_service_that_hangs_has_its_time_and_no_more(address: str) -> None:
    error = refused(called(address), endpoint="/hang", timeout_seconds=0.2)
    assert (error.code, error.retryable) == ("service_timed_out", True)


def test_a_service_that_is_away_may_come_back() -> None:
    assert refused(called("http://127.0.0.1:9")).code == "service_unreachable"


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "168.63.129.16",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b::168.63.129.16]",
        "[2002:a9fe:a9fe::1]",
        "100.100.100.200",
        "0.0.0.0",  # noqa: S104 - it is refused
        "224.0.0.1",
    ],
)
def test_no_service_has_an_address_of_metadata_or_of_nobody(host: str) -> None:
    error = refused(called(f"https://{host}"))
    assert (error.code, error.retryable) == ("service_address_forbidden", False)


def test_a_name_that_leads_to_such_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", ("10.0.0.1", 80)), (2, 1, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)

    assert refused(called("http://internal.example")).code == "service_address_forbidden"
