"""Calls to the Backend: one request an attempt, tried again where that may help."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx
import stamina

from aegis_batch.adapters.outbound.http import verdicts
from aegis_batch.adapters.outbound.http.answers import RETRY_AFTER_SECONDS_MAX, unwelcome
from aegis_batch.adapters.outbound.http.client import BackendClient, open_client, tls_context
from aegis_batch.adapters.outbound.http.connection import BackendConnection, is_header_value
from aegis_batch.adapters.outbound.http.errors import (
    HTTPX_ERRORS,
    AttemptFailed,
    AttemptRefused,
    failure_of,
)
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.domain.errors import BackendUnavailable, InvalidRequest
from aegis_batch.domain.events import RequestAnswered, RequestFailed
from aegis_batch.domain.run import Run

__all__ = ["Call", "HttpBackend", "longest_call_seconds"]

T = TypeVar("T")

_WAIT_SECONDS_MAX = 30.0


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
        traceparent_of: Callable[[Run], str],
        program_version: str,
    ) -> None:
        """Take where the Backend is; nothing is opened before the first call.

        ``traceparent_of`` gives the header by which the Backend joins a run's trace, as W3C Trace
        Context writes it; it is asked for each request.
        """
        self._connection = connection
        self._clock = clock
        self._metrics = metrics
        self._traceparent_of = traceparent_of
        self._user_agent = f"aegis-batch/{program_version}"
        self._idle: deque[BackendClient] = deque()
        # The same for all: to read the certificate authorities takes its time.
        self._tls = cache(partial(tls_context, connection.base_url))

    @property
    def base_url(self) -> str:
        """The address in its normal form."""
        return self._connection.base_url

    def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

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
                        answer, status = self._attempt(call, accept)
                    except AttemptFailed as failure:
                        failures.append(failure)
                        is_last = once or attempt.num >= self._connection.max_attempts
                        self._note(call, failure, attempt.num, None if is_last else attempt)
                        raise
                    self._note_answer(call, attempt.num, status)
                    return answer, attempt.num
        except AttemptFailed:
            raise _spent(call, failures) from None
        except AttemptRefused as refusal:
            self._note_answer(call, len(failures) + 1, refusal.status)
            posts = len(failures) + 1 if call.body is not None else 0
            kind = call.run.key.period.kind
            raise verdicts.refused(refusal.status, attempts=posts, kind=kind) from None
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

    def _note_answer(self, call: Call, number: int, status: int) -> None:
        """Tell of an attempt that was answered for good."""
        self._metrics.emit(
            RequestAnswered(
                run=call.run,
                at=self._clock.now(),
                operation=call.operation,
                attempt=number,
                status=status,
            )
        )

    def _attempt(self, call: Call, accept: Callable[[httpx.Response], T | None]) -> tuple[T, int]:
        """Make one request, and return what was made of the answer, with its status."""
        headers = self._headers(call)
        try:
            with self._lent() as client, client.send(call.path, call.body, headers) as response:
                answer = accept(response)
                if answer is None:
                    raise unwelcome(response, self._clock.now())
                client.skip_leftover(response)
                return answer, response.status_code
        except HTTPX_ERRORS as error:
            failure = failure_of(error)
            if failure is None:
                raise
            # What httpx says may repeat a header, and with it the token.
            raise AttemptFailed(failure) from None

    def _headers(self, call: Call) -> dict[str, str]:
        key = call.run.key
        headers = {"traceparent": self._traceparent_of(call.run)}
        if call.body is not None:
            period = f"{key.period.kind.value}:{key.period.first_day.isoformat()}"
            headers["Idempotency-Key"] = f"{quote(key.tenant, safe='')}:{period}"
            headers["Content-Type"] = "application/json"
        if self._connection.several_tenants:
            headers["X-TENANT-ID"] = _tenant_header(key.tenant)
        return headers

    @contextmanager
    def _lent(self) -> Iterator[BackendClient]:
        """Lend a client, and the connection that it keeps, to one request at a time.

        If all had the same, many threads would wait for each other: whoever takes a connection out
        of it looks through all the others first.
        """
        try:
            client = self._idle.pop()
        except IndexError:
            client = open_client(self._connection, self._user_agent, self._tls())
        try:
            yield client
        finally:
            self._idle.append(client)


def longest_call_seconds(
    timeout_seconds: float, max_attempts: int, backoff_seconds: float
) -> float:
    """Return how long a call can take at most: each attempt to its end, and the waits between.

    Any wait may be as long as the Backend is allowed to ask for.
    """
    wait_seconds = max(_WAIT_SECONDS_MAX, backoff_seconds, RETRY_AFTER_SECONDS_MAX)
    return max_attempts * timeout_seconds + (max_attempts - 1) * wait_seconds


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


def _tenant_header(tenant: str) -> str:
    if not is_header_value(tenant):
        raise InvalidRequest(
            "tenant_not_sendable",
            "The tenant's name holds a character that an HTTP header can't carry.",
            "Name tenants with printable ASCII characters, without a space at either end.",
        )
    return tenant
