"""A transport whose attempts end in time, however slowly bytes come.

httpx limits each single operation, so that an answer of one byte a second never times out. Here
every operation gets what remains of its attempt's time. What it rests on in httpx is one private
name, ``HTTPTransport._pool``; the tests with dribbling servers fail where that stops working.
"""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

__all__ = ["DeadlineTransport", "RefusedAddress", "UnknownHost"]

_ADDRESSES_MAX = 8
_SECONDS_MAX = 86_400.0


class UnknownHost(httpcore.ConnectError):
    """The name of a host leads to no address."""


class RefusedAddress(httpcore.ConnectError):
    """The name of a host leads to an address that may not be connected to."""


class DeadlineTransport(httpx.HTTPTransport):
    """Sends requests over connections that are kept, each attempt within a time of its own."""

    def __init__(
        self, context: ssl.SSLContext, refuses: Callable[[str], bool] = lambda _: False
    ) -> None:
        """Take the TLS context; limits on connections are httpx's own.

        ``refuses`` says of each address that a host leads to whether it may not be connected to.
        """
        super().__init__(verify=context, trust_env=False)
        self._deadline = _Deadline()
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_DeadlineBackend(self._deadline, refuses),
        )

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound all that this thread does with the transport; of two bounds the nearer counts."""
        with self._deadline.within(seconds):
            yield


class _Deadline:
    """The instant at which an attempt ends; each thread has one of its own."""

    def __init__(self) -> None:
        self._local = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        outer = self._end()
        self._local.end = min(outer, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._local.end = outer

    def remaining_seconds(
        self, timeout: float | None, too_late: type[httpcore.TimeoutException]
    ) -> float:
        """Return the shorter of a time-out and what is left; raise where nothing is."""
        remaining = min(self._end() - time.monotonic(), _SECONDS_MAX)
        # A socket would take zero for "don't wait", and fail in another way.
        if remaining <= 0:
            raise too_late
        return remaining if timeout is None else min(timeout, remaining)

    def _end(self) -> float:
        return getattr(self._local, "end", float("inf"))


class _DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections; the time is shared among the addresses that a name has."""

    def __init__(self, deadline: _Deadline, refuses: Callable[[str], bool]) -> None:
        self._inner = httpcore.SyncBackend()
        self._deadline = deadline
        self._refuses = refuses

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._addresses(host, port, timeout)
        if any(map(self._refuses, addresses)):
            raise RefusedAddress
        failure: Exception = httpcore.ConnectError()
        for untried in range(len(addresses), 0, -1):
            remaining = self._deadline.remaining_seconds(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._inner.connect_tcp(
                    addresses[-untried], port, remaining / untried, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        # The system's resolver takes no time limit, so it is asked where it may be left behind.
        answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
        threading.Thread(target=_resolve, args=(host, port, answers), daemon=True).start()
        remaining = self._deadline.remaining_seconds(timeout, httpcore.ConnectTimeout)
        try:
            addresses = answers.get(timeout=remaining)
        except queue.Empty:
            raise httpcore.ConnectTimeout from None
        if not addresses:
            raise UnknownHost
        return addresses[:_ADDRESSES_MAX]


def _resolve(host: str, port: int, answers: "queue.SimpleQueue[list[str] | None]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        answers.put(None)
    else:
        answers.put([str(address[0]) for *_, address in found])


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every read and write ends with the attempt."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        remaining = self._deadline.remaining_seconds(timeout, httpcore.ReadTimeout)
        return self._inner.read(max_bytes, remaining)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Not the inner stream's: that one starts its time anew with each part that gets through.
        connection: socket.socket = self._inner.get_extra_info("socket")
        unsent = memoryview(buffer)
        while unsent:
            remaining = self._deadline.remaining_seconds(timeout, httpcore.WriteTimeout)
            try:
                connection.settimeout(remaining)
                unsent = unsent[connection.send(unsent) :]
            except TimeoutError:
                raise httpcore.WriteTimeout from None
            except OSError:
                raise httpcore.WriteError from None

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            remaining = self._deadline.remaining_seconds(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()
            raise
        stream = self._inner.start_tls(ssl_context, server_hostname, remaining)
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore declares it
        return self._inner.get_extra_info(info)
