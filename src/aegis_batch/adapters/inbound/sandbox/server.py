"""The stand-in Backend as an HTTP server on loopback."""

import ipaddress
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from aegis_batch.adapters.inbound.sandbox.answers import (
    BODY_BYTES_MAX,
    Answer,
    Asked,
    Sandbox,
    problem,
    route_of,
)
from aegis_batch.adapters.inbound.sandbox.store import SandboxStore
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["SandboxServer"]

_IDLE_SECONDS_MAX = 60.0
_POLL_SECONDS = 0.05
_CHUNK_BYTES = 64 * 1024
_DISCARDED_BYTES_MAX = 64 * 1024 * 1024
_LENGTH_DIGITS_MAX = 18

# What the base class may hand on; a server of TCP only ever gets the first.
_Connection = socket.socket | tuple[bytes, socket.socket]


class SandboxServer:
    """Serves one store to those who know the token, on loopback alone.

    ``on_access`` gets a short line for each request, such as ``POST /internal/reports/daily 201``;
    what a request made up itself is not repeated there.
    """

    def __init__(
        self,
        store_path: Path,
        token: str,
        host: str = "127.0.0.1",
        port: int = 0,
        on_access: Callable[[str], None] | None = None,
    ) -> None:
        """Take the port, any free one for 0, and open the store; requests wait for ``start``.

        Raises ``InvalidRequest`` where the address is not loopback, the port is taken, or the
        store can't be used.
        """
        address = _loopback(host)
        try:
            self._http = _HttpServer(address, port, on_access or _ignore)
        except (OSError, OverflowError) as error:
            raise InvalidRequest(
                "sandbox_port_unusable",
                f"The sandbox can't listen on port {port} of {address}.",
                "Name a port that is free, or 0 for any.",
            ) from error
        try:  # after the port, so that no new file stays where that is taken
            self._store = SandboxStore(store_path)
        except InvalidRequest:
            self._http.server_close()
            raise
        self._http.sandbox = Sandbox(self._store, token)
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    @property
    def url(self) -> str:
        """The address for BACKEND_BASE_URL."""
        host, port = self._http.server_address[:2]
        name = str(host)
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    def start(self) -> None:
        """Serve in the background; it must not have been stopped."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._http.serve_forever, args=(_POLL_SECONDS,), daemon=True
            )
            self._thread.start()

    def serve_forever(self) -> None:
        """Serve until another thread calls ``stop``, or an exception interrupts the wait."""
        try:
            self.start()
            self._stopped.wait()
        finally:
            self.stop()

    def stop(self) -> None:
        """Answer nothing more, close every connection, the port and the store; twice is fine."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
        self._store.close()


class _HttpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Knows its open connections, so that none outlives it."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128  # ten closes at once, and more, find a place
    sandbox: Sandbox  # set before the first request is taken

    def __init__(self, address: str, port: int, on_access: Callable[[str], None]) -> None:
        self.on_access = on_access
        self._connections: set[_Connection] = set()
        self._lock = threading.Lock()
        if ":" in address:
            self.address_family = socket.AF_INET6
        super().__init__((address, port), _Handler)

    def process_request(self, request: _Connection, client_address: object) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Connection) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: _Connection, client_address: object) -> None:
        """Stay silent: a client that went away is no news."""

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            for connection in self._connections:
                if isinstance(connection, socket.socket):
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection, and writes what the sandbox answers."""

    server: _HttpServer
    server_version = "aegis-batch-sandbox"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS_MAX
    # A head and its body leave in one packet.
    wbufsize = -1

    def handle_expect_100(self) -> bool:
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        del message, explain  # They repeat the request.
        # Of a request that can't be read the version may be missing, and then no head is written.
        self.request_version = self.protocol_version
        # Before the answer, so that it says so: a client would try the connection again.
        self.close_connection = True
        self._send("?", "(an unreadable request)", problem(HTTPStatus(code), "No usable request."))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Write nothing: ``on_access`` gets the lines."""

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        body = self._read_body(headers)
        if isinstance(body, bytes):
            answer = self.server.sandbox.answer(Asked(self.command, path, headers, body))
        else:
            # Whoever lacks the token, or asks amiss, learns that before anything else.
            refusal = self.server.sandbox.refuse(self.command, path, headers)
            answer = refusal or body
            self.close_connection = True
        self._send(self.command, route_of(path), answer)

    do_DELETE = _serve  # noqa: N815 - the base looks for these names
    do_GET = _serve  # noqa: N815
    do_HEAD = _serve  # noqa: N815
    do_OPTIONS = _serve  # noqa: N815
    do_PATCH = _serve  # noqa: N815
    do_POST = _serve  # noqa: N815
    do_PUT = _serve  # noqa: N815

    def _read_body(self, headers: Mapping[str, str]) -> bytes | Answer:
        text = headers.get("content-length", "" if self.command == "POST" else "0")
        if "transfer-encoding" in headers or not text:
            return problem(HTTPStatus.LENGTH_REQUIRED, "A body comes with its Content-Length.")
        if not (text.isascii() and text.isdigit() and len(text) <= _LENGTH_DIGITS_MAX):
            return problem(HTTPStatus.BAD_REQUEST, "Content-Length is no number of bytes.")
        length = int(text)
        if length > BODY_BYTES_MAX:
            self._discard(min(length, _DISCARDED_BYTES_MAX))
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A report has 1 MiB at most.")
        body = self.rfile.read(length)
        if len(body) < length:
            return problem(HTTPStatus.BAD_REQUEST, "The body broke off.")
        return body

    def _discard(self, length: int) -> None:
        # To close on bytes that are unread would reset the connection, and lose the answer.
        while length > 0:
            chunk = self.rfile.read(min(length, _CHUNK_BYTES))
            if not chunk:
                return
            length -= len(chunk)

    def _send(self, method: str, route: str, answer: Answer) -> None:
        content = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(content)
        self.server.on_access(f"{method} {route} {answer.status.value}")


def _loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise InvalidRequest(
        "sandbox_not_on_loopback",
        "The sandbox listens on loopback only: it is no server for others.",
        "Leave the address out, or name 127.0.0.1 or ::1.",
    )


def _ignore(line: str) -> None:
    del line
