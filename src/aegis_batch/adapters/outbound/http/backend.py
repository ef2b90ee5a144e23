"""Calls to the Backend: one request an attempt, tried again where that may help."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx
import stamina

from aegis_batch.adapters.outbound.http import verdicts
from aegis_batch.adapters.outbound.http.answers import unwelcome
from aegis_batch.adapters.outbound.http.connection import BackendConnection
from aegis_batch.adapters.outbound.http.deadline import DeadlineTransport
from aegis_batch.adapters.outbound.http.errors import (
    HTTPX_ERRORS,
    AttemptFailed,
    AttemptRefused,
    failure_of,
)
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.domain.errors import BackendUnavailable, InvalidRequest
from aegis_batch.domain.events import RequestFailed
from aegis_batch.domain.run import Run

__all__ = ["Call", "HttpBackend"]

T = TypeVar("T")

_WAIT_SECONDS_MAX = 30.0
_LEFTOVER_BYTES_MAX = 64 * 1024
_LEFTOVER_SECONDS_MAX = 0.05


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask of the Backend in a run; a call with a body is a POST."""

    operation: Literal["find", "submit"]
    run: Run
    path: str
    body: bytes | None = None


class HttpBackend:
    """Makes calls to one Backend, from any number of threads, over connections that it keeps."""

    def __init__(
        self,
        connection: BackendConnection,
        clock: Clock,
        metrics: MetricsSink,
        new_span_id: Callable[[], str],
        program_version: str,
    ) -> None:
        """Take where the Backend is; nothing is opened before the first call.

        ``new_span_id`` gives 16 hexadecimal digits, a new id for each request.
        """
        self._connection = connection
        self._clock = clock
        self._metrics = metrics
        self._new_span_id = new_span_id
        self._user_agent = f"aegis-batch/{program_version}"
        self._lock = threading.Lock()
        self._opened: tuple[httpx.Client, DeadlineTransport] | None = None

    def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened[0].close()

    def make(
        self, call: Call, accept: Callable[[httpx.Response], T | None], *, once: bool = False
    ) -> tuple[T, int]:
        """Make a call until it is answered, and return what ``accept`` made of the answer.

        ``accept`` gets an answer whose body has not been read, and returns ``None`` for one that
        it doesn't know. The number that comes with its result counts the requests. With ``once``
        there is just one.

        Raises ``BackendRefused``, ``AnswerLost`` (calls with a body only) and
        ``BackendUnavailable``; their ``attempts`` count POST requests alone.
        """
        failures: list[AttemptFailed] = []
        try:
            for attempt in self._attempts(once=once):
                with attempt:
                    try:
                        return self._attempt(call, accept), attempt.num
                    except AttemptFailed as failure:
                        failures.append(failure)
                        is_last = once or attempt.num >= self._connection.max_attempts
                        self._note(call, failure, attempt.num, None if is_last else attempt)
                        raise
        except AttemptFailed:
            raise _spent(call, failures) from None
        except AttemptRefused as refusal:
            posts = len(failures) + 1 if call.body is not None else 0
            raise verdicts.refused(refusal.status, attempts=posts) from None
        raise AssertionError("An attempt neither returned nor raised.")

    def _attempts(self, *, once: bool) -> Iterable[stamina.Attempt]:
        backoff_seconds = self._connection.backoff_seconds
        return stamina.retry_context(
            on=_patience,
            attempts=1 if once else self._connection.max_attempts,
            timeout=None,
            wait_initial=backoff_seconds,
            wait_max=max(_WAIT_SECONDS_MAX, backoff_seconds),
            wait_jitter=backoff_seconds,
        )

    def _note(
        self, call: Call, failure: AttemptFailed, number: int, next_: stamina.Attempt | None
    ) -> None:
        """Tell of a failed attempt, and settle how long the next one waits."""
        wait_seconds: float | None = None
        if next_ is not None:
            wait_seconds = next_.next_wait
            asked_seconds = failure.retry_after_seconds
            if asked_seconds is not None and asked_seconds > wait_seconds:
                wait_seconds = failure.wait_seconds = asked_seconds
        self._metrics.emit(
            RequestFailed(
                run=call.run,
                at=self._clock.now(),
                operation=call.operation,
                attempt=number,
                reason=failure.failure.value,
                status=failure.status,
                wait_seconds=wait_seconds,
            )
        )

    def _attempt(self, call: Call, accept: Callable[[httpx.Response], T | None]) -> T:
        client, transport = self._open()
        request = client.build_request(
            "GET" if call.body is None else "POST",
            self._connection.base_url + call.path,
            content=call.body,
            headers=self._headers(call),
        )
        try:
            with transport.within(self._connection.timeout_seconds):
                response = client.send(request, stream=True)
                try:
                    answer = accept(response)
                    if answer is None:
                        raise unwelcome(response, self._clock.now())
                    with transport.within(_LEFTOVER_SECONDS_MAX):
                        _skip_leftover(response)
                    return answer
                finally:
                    response.close()
        except HTTPX_ERRORS as error:
            failure = failure_of(error)
            if failure is None:
                raise
            # What httpx says may repeat a header, and with it the token.
            raise AttemptFailed(failure) from None

    def _headers(self, call: Call) -> dict[str, str]:
        key = call.run.key
        headers = {"traceparent": f"00-{call.run.trace_id}-{self._new_span_id()}-01"}
        if call.body is not None:
            period = f"{key.period.kind.value}:{key.period.first_day.isoformat()}"
            headers["Idempotency-Key"] = f"{quote(key.tenant, safe='')}:{period}"
            headers["Content-Type"] = "application/json"
        if self._connection.several_tenants:
            headers["X-TENANT-ID"] = _tenant_header(key.tenant)
        return headers

    def _open(self) -> tuple[httpx.Client, DeadlineTransport]:
        with self._lock:
            if self._opened is None:
                _quieten_libraries()
                transport = DeadlineTransport(_tls_context(self._connection.base_url))
                client = httpx.Client(
                    transport=transport,
                    trust_env=False,
                    follow_redirects=False,
                    timeout=self._connection.timeout_seconds,
                    # What one answer sets must not come back with the request of another tenant.
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                    headers={
                        "Accept": "application/json",
                        # Bodies are read as they come, so that a small one can't unfold.
                        "Accept-Encoding": "identity",
                        "User-Agent": self._user_agent,
                        "X-SERVICE-TOKEN": self._connection.token,
                    },
                )
                self._opened = client, transport
            return self._opened


def _patience(error: Exception) -> bool | float:
    """Say whether to try again: not, as usual, or after as many seconds."""
    if not isinstance(error, AttemptFailed):
        return False
    return True if error.wait_seconds is None else error.wait_seconds


def _spent(call: Call, failures: list[AttemptFailed]) -> BackendUnavailable:
    if call.body is None:
        return verdicts.unavailable(failures, attempts=0)
    if any(failure.failure.loses_answer for failure in failures):
        return verdicts.answer_lost(attempts=len(failures))
    return verdicts.unavailable(failures, attempts=len(failures))


def _skip_leftover(response: httpx.Response) -> None:
    """Read what is left of a small answer, for a moment: its connection can then serve again.

    The answer counts already; whatever goes wrong here only costs the connection.
    """
    if response.is_stream_consumed:
        return
    skipped = 0
    try:
        for chunk in response.iter_raw():
            skipped += len(chunk)
            if skipped > _LEFTOVER_BYTES_MAX:
                return
    except httpx.HTTPError:
        return


def _tenant_header(tenant: str) -> str:
    if not (tenant.isascii() and tenant.isprintable() and tenant.strip()) or tenant[0] == " ":
        raise InvalidRequest(
            "tenant_not_sendable",
            "The tenant's name holds a character that an HTTP header can't carry.",
            "Name tenants with printable ASCII characters.",
        )
    return tenant


def _tls_context(base_url: str) -> ssl.SSLContext:
    if base_url.startswith("https:"):
        return httpx.create_ssl_context(trust_env=False)
    # Never used: reading the certificate authorities would cost some 20 ms for nothing.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _quieten_libraries() -> None:
    """Keep addresses out of the log; each failed attempt is told as an event, and only once."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("stamina").setLevel(logging.ERROR)
