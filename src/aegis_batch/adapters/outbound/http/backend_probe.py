"""One question to the Backend, of which the answer's date and kind are kept as well."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from aegis_batch.adapters.outbound.http import verdicts
from aegis_batch.adapters.outbound.http.answers import parse_report, read_body, unwelcome
from aegis_batch.adapters.outbound.http.client import open_client
from aegis_batch.adapters.outbound.http.connection import BackendConnection
from aegis_batch.adapters.outbound.http.errors import (
    HTTPX_ERRORS,
    AttemptFailed,
    AttemptRefused,
    Failure,
    failure_of,
)
from aegis_batch.application.ports.backend_probe import BackendAnswer
from aegis_batch.application.ports.clock import Clock
from aegis_batch.domain.clock_skew import ClockSample
from aegis_batch.domain.errors import BackendUnavailable
from aegis_batch.domain.report import StoredReport

__all__ = ["HttpBackendProbe"]

_SECOND = timedelta(seconds=1)
_UNAUTHORIZED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
# It says what it is to whoever finds it in the Backend's log.
_NOBODYS_TOKEN = "no-token-but-a-question-of-aegis-batch-doctor"  # noqa: S105


class HttpBackendProbe:
    """Asks ``GET /reports/{date}``, with the same client as a close."""

    def __init__(
        self,
        connection: BackendConnection,
        clock: Clock,
        new_trace_id: Callable[[], str],
        new_span_id: Callable[[], str],
        program_version: str,
    ) -> None:
        """Take where the Backend is, and what every request carries."""
        self._connection = connection
        self._clock = clock
        self._new_trace_id = new_trace_id
        self._new_span_id = new_span_id
        self._user_agent = f"aegis-batch/{program_version}"

    def ask(self, day: date, tenant: str | None = None) -> BackendAnswer:
        """Return what the Backend says of a day; see the port."""
        headers = self._headers(tenant)
        with closing(open_client(self._connection, self._user_agent)) as client:
            asked_at = self._clock.now()
            try:
                with client.send(f"/reports/{day.isoformat()}", None, headers) as response:
                    clock = _clock_of(response, asked_at, self._clock.now())
                    stored = _stored(response, day, asked_at)
                    is_page = _is_page(response)
            except AttemptRefused as refusal:
                raise verdicts.refused(refusal.status, attempts=0) from None
            except AttemptFailed as failure:
                raise verdicts.unavailable([failure], attempts=0) from None
            except HTTPX_ERRORS as error:
                failed = failure_of(error)
                if failed is None:
                    raise
                raise verdicts.unavailable([AttemptFailed(failed)], attempts=0) from None
        return BackendAnswer(
            is_closed=stored is not None,
            is_page=is_page,
            clock=clock,
            heeds_token=self._heeds_token(day, tenant),
            lacking=() if stored is None else _lacking(stored),
        )

    def _headers(self, tenant: str | None) -> dict[str, str]:
        headers = {"traceparent": f"00-{self._new_trace_id()}-{self._new_span_id()}-01"}
        if tenant is not None:
            headers["X-TENANT-ID"] = tenant
        return headers

    def _heeds_token(self, day: date, tenant: str | None) -> bool | None:
        """Ask again with a token that nobody has, and say whether it is refused."""
        stranger = replace(self._connection, token=_NOBODYS_TOKEN)
        headers = self._headers(tenant)
        with closing(open_client(stranger, self._user_agent)) as client:
            try:
                with client.send(f"/reports/{day.isoformat()}", None, headers) as response:
                    status = response.status_code
            except HTTPX_ERRORS as error:
                if failure_of(error) is None:
                    raise
                return None
        if status in _UNAUTHORIZED:
            return True
        return False if status in (httpx.codes.OK, httpx.codes.NOT_FOUND) else None


def _stored(response: httpx.Response, day: date, now: datetime) -> StoredReport | None:
    if response.status_code == httpx.codes.NOT_FOUND:
        return None
    if response.status_code != httpx.codes.OK:
        raise unwelcome(response, now)
    body = read_body(response)
    stored = parse_report(body, response.status_code)
    if stored is not None and stored.report_date == day:
        return stored
    if stored is not None:
        raise _malformed(
            f"Asked for the report of {day}, the Backend answers with that of"
            f" {stored.report_date}.",
            "Have the Backend answer GET /reports/DATE with the report of that date.",
        )
    if _is_object(body):
        raise _malformed(
            f'The Backend\'s answer is JSON, but no report: it has no reportDate such as "{day}".',
            "Have the Backend spell the fields as the contract does: reportDate, totalOrders,"
            " totalRevenue, topItems. If it is not the Backend that answers: set BACKEND_BASE_URL"
            " to its address.",
        )
    raise AttemptFailed(Failure.MALFORMED, response.status_code)


def _malformed(message: str, remedy: str) -> BackendUnavailable:
    return BackendUnavailable(Failure.MALFORMED.value, message, remedy, httpx.codes.OK.value)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _lacking(stored: StoredReport) -> tuple[str, ...]:
    figures = {
        "totalOrders": stored.total_orders,
        "totalRevenue": stored.total_revenue,
        "topItems": stored.top_items,
    }
    return tuple(name for name, figure in figures.items() if figure is None)


def _is_page(response: httpx.Response) -> bool:
    kind: str = response.headers.get("Content-Type", "")
    return kind.lower().startswith(("text/html", "application/xhtml"))


def _clock_of(
    response: httpx.Response, asked_at: datetime, answered_at: datetime
) -> ClockSample | None:
    try:
        shown = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    if shown.tzinfo is None:
        # RFC 9110, section 5.6.7: a date of HTTP is in UTC, whatever it says.
        shown = shown.replace(tzinfo=UTC)
    return ClockSample(asked_at, shown.astimezone(UTC), answered_at, _SECOND)
