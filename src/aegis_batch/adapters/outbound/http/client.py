"""The HTTP client: what is the same for every request, and how an answer is let go."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from aegis_batch.adapters.outbound.http.connection import BackendConnection
from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport

__all__ = ["BackendClient", "open_client", "quieten_libraries", "tls_context"]

_LEFTOVER_BYTES_MAX = 64 * 1024
_LEFTOVER_SECONDS_MAX = 0.05


class BackendClient:
    """Sends single requests to the Backend; it repeats none and follows no redirect."""

    def __init__(
        self, client: httpx.Client, transport: DeadlineTransport, connection: BackendConnection
    ) -> None:
        """Take a client, the transport that it uses, and where the Backend is."""
        self._client = client
        self._transport = transport
        self._connection = connection

    @contextmanager
    def send(
        self, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[httpx.Response]:
        """Send a POST, or without a body a GET; yield the answer, whose body is unread.

        The attempt's time runs until the end of the context. Raises what httpx raises.
        """
        request = self._client.build_request(
            "GET" if body is None else "POST",
            self._connection.base_url + path,
            content=body,
            headers=headers,
        )
        with self._transport.within(self._connection.timeout_seconds):
            response = self._client.send(request, stream=True)
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
        self._client.close()


def open_client(connection: BackendConnection, user_agent: str) -> BackendClient:
    """Return a client for a Backend; it opens no connection before the first request."""
    quieten_libraries()
    transport = DeadlineTransport(tls_context(connection.base_url))
    client = httpx.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        timeout=connection.timeout_seconds,
        # What one answer sets must not come back with the request of another tenant.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        headers={
            "Accept": "application/json",
            # Bodies are read as they come, so that a small one can't unfold.
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
            "X-SERVICE-TOKEN": connection.token,
        },
    )
    return BackendClient(client, transport, connection)


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
