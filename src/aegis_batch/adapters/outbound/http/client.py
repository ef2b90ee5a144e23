"""The HTTP client: what is the same for every request, and how an answer is let go."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import httpx

from aegis_batch.adapters.outbound.http.connection import BackendConnection
from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport

__all__ = ["BackendClient", "open_client", "quieten_libraries", "tls_context"]

_LEFTOVER_BYTES_MAX = 64 * 1024
_LEFTOVER_SECONDS_MAX = 0.05
_PATHS_MAX = 64


class BackendClient:
    """Sends single requests to the Backend; it repeats none and follows no redirect.

    They go to httpx's transport as they are: to a client's cookies, redirects and logins, none of
    which there are here, each would give as much time as to being sent.
    """

    def __init__(
        self, transport: DeadlineTransport, connection: BackendConnection, user_agent: str
    ) -> None:
        """Take the transport, and where the Backend is; ``user_agent`` is what it is told."""
        self._transport = transport
        self._connection = connection
        self._headers = [
            (b"Host", httpx.URL(connection.base_url).netloc),
            (b"Accept", b"application/json"),
            # Bodies are read as they come, so that a small one can't unfold.
            (b"Accept-Encoding", b"identity"),
            (b"Connection", b"keep-alive"),
            (b"User-Agent", user_agent.encode("ascii")),
            (b"X-SERVICE-TOKEN", connection.token.encode("ascii")),
        ]
        operations = ("connect", "read", "write", "pool")
        self._extensions = {"timeout": dict.fromkeys(operations, connection.timeout_seconds)}
        # Most requests of a night have one of two.
        self._url_of = lru_cache(_PATHS_MAX)(self._new_url)

    @contextmanager
    def send(
        self, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[httpx.Response]:
        """Send a POST, or without a body a GET; yield the answer, whose body is unread.

        The attempt's time runs until the end of the context. Raises what httpx raises.
        """
        own = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        if body is not None:
            own.append((b"Content-Length", b"%d" % len(body)))
        request = httpx.Request(
            "GET" if body is None else "POST",
            self._url_of(path),
            headers=self._headers + own,
            stream=httpx.ByteStream(body or b""),
            extensions=self._extensions,
        )
        with self._transport.within(self._connection.timeout_seconds):
            response = self._transport.handle_request(request)
            try:
                yield response
            finally:
                response.close()

    def skip_leftover(self, response: httpx.Response) -> None:
        """Read what is left of a small answer, for a moment: its connection can then serve again.

        The answer counts already; whatever goes wrong here only costs the connection.
        """
        if response.is_stream_consumed:
            return
        skipped = 0
        try:
            with self._transport.within(_LEFTOVER_SECONDS_MAX):
                for chunk in response.iter_raw():
                    skipped += len(chunk)
                    if skipped > _LEFTOVER_BYTES_MAX:
                        return
        except httpx.HTTPError:
            return

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _new_url(self, path: str) -> httpx.URL:
        return httpx.URL(self._connection.base_url + path)


def open_client(
    connection: BackendConnection, user_agent: str, tls: ssl.SSLContext | None = None
) -> BackendClient:
    """Return a client for a Backend; it opens no connection before the first request.

    ``tls`` is what ``tls_context`` returned, for those who open several.
    """
    quieten_libraries()
    transport = DeadlineTransport(tls or tls_context(connection.base_url))
    return BackendClient(transport, connection, user_agent)


def tls_context(base_url: str) -> ssl.SSLContext:
    """Return what connections to an address are encrypted with, if they are."""
    if base_url.startswith("https:"):
        return httpx.create_ssl_context(trust_env=False)
    # Never used: reading the certificate authorities would cost some 20 ms for nothing.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def quieten_libraries() -> None:
    """Keep addresses out of the log; each failed attempt is told as an event, and only once."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("stamina").setLevel(logging.ERROR)
