"""JSON as the command line writes it: one line, keys in the documented order, exact numbers."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Period, Window
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.seal import Seal

__all__ = [
    "json_instant",
    "json_last_day",
    "json_list",
    "json_object",
    "json_problem",
    "json_seal",
    "json_value",
    "json_window",
]


def json_object(fields: Mapping[str, str]) -> str:
    """Return an object of fields that are JSON already."""
    return "{" + ",".join(f"{json_value(name)}:{text}" for name, text in fields.items()) + "}"


def json_list(items: Iterable[str]) -> str:
    """Return a list of what is JSON already."""
    return f"[{','.join(items)}]"


def json_value(value: object) -> str:
    """Return a value as JSON; not escaped, and without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_instant(moment: datetime | None) -> str:
    """Return an instant as text in UTC, with a Z at its end."""
    if moment is None:
        return "null"
    return json_value(moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z")


def json_last_day(period: Period | None) -> str:
    """Return the last business day of a period; ``null`` where it lies behind the last date."""
    if period is None:
        return "null"
    try:
        return json_value(period.last_day.isoformat())
    except OverflowError:
        return "null"


def json_problem(problem: Problem | None) -> str:
    """Return what went wrong, or ``null``."""
    return json_value(
        problem
        and {
            "code": problem.code,
            "message": problem.message,
            "remedy": problem.remedy,
            "retryable": problem.retryable,
        }
    )


def json_seal(seal: Seal | None) -> str:
    """Return a seal, or ``null``; the count of items keeps all its decimals."""
    if seal is None:
        return "null"
    return json_object(
        {
            "ordersRead": json_value(seal.orders_read),
            "linesRead": json_value(seal.lines_read),
            "itemsSold": exact.canonical(seal.items_sold),
            "distinctItems": json_value(seal.distinct_items),
            "totalsDigest": json_value(seal.totals_digest),
            "bodyDigest": json_value(seal.body_digest),
            "snapshot": json_value(seal.snapshot),
            "readAt": json_instant(seal.read_at),
            "program": json_value(seal.versions.program),
            "tzdata": json_value(seal.versions.tzdata),
            "unicode": json_value(seal.versions.unicode),
        }
    )


def json_window(window: Window | None) -> str:
    """Return the window of a period by its UTC bounds, or ``null``."""
    if window is None:
        return "null"
    return json_object({"start": json_instant(window.start), "end": json_instant(window.end)})
