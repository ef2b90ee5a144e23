"""What an answer of the Backend says: its body as a report, its wish to wait, its refusal.

Nothing that the Backend wrote is passed on as text, since it may repeat what it was sent.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from aegis_batch.adapters.outbound.http.errors import (
    HTTPX_ERRORS,
    AttemptFailed,
    AttemptRefused,
    Failure,
    failure_of,
)
from aegis_batch.domain.report import StoredReport, TopItem

__all__ = [
    "RETRY_AFTER_SECONDS_MAX",
    "parse_report",
    "read_body",
    "retry_after_seconds",
    "unwelcome",
]

_BODY_BYTES_MAX = 1024 * 1024
# Of a number, before and after its point. Python writes no whole number above 4,300 as text.
_DIGITS_MAX = 4_000
RETRY_AFTER_SECONDS_MAX = 60.0
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SECONDS = re.compile(r"\d+", re.ASCII)


def read_body(response: httpx.Response) -> bytes:
    """Return the body, byte for byte as it came, of 1 MiB at most.

    Raises ``AttemptFailed``: as malformed where the body is longer or breaks off.
    """
    body = bytearray()
    try:
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > _BODY_BYTES_MAX:
                raise AttemptFailed(Failure.MALFORMED, response.status_code)
    except HTTPX_ERRORS as error:
        failure = failure_of(error)
        if failure is None:
            raise
        kind = Failure.TIMED_OUT if failure is Failure.TIMED_OUT else Failure.MALFORMED
        raise AttemptFailed(kind, response.status_code) from None
    return bytes(body)


def parse_report(body: bytes, status: int) -> StoredReport | None:
    """Return the report that a body holds, or ``None`` where it holds none.

    A report is a JSON object with a date as its ``reportDate``. Of the other fields those are
    taken that are of the right kind. Raises ``AttemptFailed`` where it is nested too deep to read.
    """
    try:
        content = json.loads(
            body, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant
        )
        if not isinstance(content, dict):
            return None
        return StoredReport(
            report_date=_date(content.get("reportDate")),
            total_orders=_number(content.get("totalOrders")),
            total_revenue=_number(content.get("totalRevenue")),
            top_items=_items(content.get("topItems")),
        )
    except RecursionError:
        raise AttemptFailed(Failure.MALFORMED, status) from None
    except (ValueError, InvalidOperation):
        return None


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Return how long a ``Retry-After`` asks to wait, 60 seconds at most; ``None`` for nothing.

    Source: RFC 9110, section 10.2.3: whole seconds, or a date.
    """
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), RETRY_AFTER_SECONDS_MAX)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


def unwelcome(response: httpx.Response, now: datetime) -> AttemptFailed | AttemptRefused:
    """Return what a status means that no call hopes for: try again, or give up."""
    status = response.status_code
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        wait_seconds = retry_after_seconds(response.headers.get("Retry-After"), now)
        return AttemptFailed(Failure.SERVER_ERROR, status, wait_seconds)
    if httpx.codes.is_server_error(status):
        return AttemptFailed(Failure.SERVER_ERROR, status)
    if httpx.codes.OK <= status < httpx.codes.INTERNAL_SERVER_ERROR:
        return AttemptRefused(status)
    return AttemptFailed(Failure.MALFORMED, status)


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and the infinities are no JSON.


def _date(value: object) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError
    return date.fromisoformat(value)


def _number(value: object) -> Decimal | None:
    if not isinstance(value, Decimal):
        return None
    parts = value.as_tuple()
    exponent = parts.exponent
    if not isinstance(exponent, int) or exponent < -_DIGITS_MAX or value.adjusted() > _DIGITS_MAX:
        raise ValueError
    return value


def _items(value: Any) -> tuple[TopItem, ...] | None:  # noqa: ANN401 - it is what JSON makes it
    if not isinstance(value, list):
        return None
    items = [_item(entry) for entry in value if isinstance(entry, Mapping)]
    known = tuple(item for item in items if item is not None)
    return known if len(known) == len(value) else None


def _item(entry: Mapping[str, object]) -> TopItem | None:
    name, quantity = entry.get("name"), _number(entry.get("qty"))
    if not isinstance(name, str) or quantity is None:
        return None
    name.encode()  # Half of a surrogate pair is no text: it could never be written.
    return TopItem(name, quantity)
