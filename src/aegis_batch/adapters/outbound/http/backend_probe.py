"""One question to the Backend, of which the answer's date and kind are kept as well."""

from collections.abc import Callable
from contextlib import closing
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

__all__ = ["HttpBackendProbe"]

_SECOND = timedelta(seconds=1)


class HttpBackendProbe:
    """Asks ``GET /reports/{date}`` once, with the same client as a close."""

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

    def ask(self, day: date) -> BackendAnswer:
        """Return what the Backend says of a day; see the port."""
        headers = {"traceparent": f"00-{self._new_trace_id()}-{self._new_span_id()}-01"}
        with closing(open_client(self._connection, self._user_agent)) as client:
            asked_at = self._clock.now()
            try:
                with client.send(f"/reports/{day.isoformat()}", None, headers) as response:
                    clock = _clock_of(response, asked_at, self._clock.now())
                    is_closed = _is_closed(response, day, asked_at)
                    return BackendAnswer(is_closed, _is_page(response), clock)
            except AttemptRefused as refusal:
                raise verdicts.refused(refusal.status, attempts=0) from None
            except AttemptFailed as failure:
                raise verdicts.unavailable([failure], attempts=0) from None
            except HTTPX_ERRORS as error:
                failed = failure_of(error)
                if failed is None:
                    raise
                raise verdicts.unavailable([AttemptFailed(failed)], attempts=0) from None


def _is_closed(response: httpx.Response, day: date, now: datetime) -> bool:
    if response.status_code == httpx.codes.NOT_FOUND:
        return False
    if response.status_code != httpx.codes.OK:
        raise unwelcome(response, now)
    stored = parse_report(read_body(response), response.status_code)
    if stored is None or stored.report_date != day:
        raise AttemptFailed(Failure.MALFORMED, response.status_code)
    return True


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
