"""One log record as one line, which nothing in it can break or forge."""

import json
from datetime import UTC
from typing import TYPE_CHECKING

from aegis_batch.domain.printable import printable

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["json_line", "text_line"]


def json_line(record: "Record") -> str:
    """Return a record as a compact JSON object: time, level, message, then its fields."""
    content = {
        "time": _time_text(record),
        "level": record["level"].name,
        "message": record["message"],
        **record["extra"],
    }
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"), default=str)


def text_line(record: "Record") -> str:
    """Return a record as a line for people: time, level, message, then its fields."""
    fields = " ".join(
        f"{name}={printable(str(value))}"
        for name, value in record["extra"].items()
        if value is not None
    )
    message = printable(record["message"])
    return f"{_time_text(record)} {record['level'].name:<7} {message}  {fields}".rstrip()


def _time_text(record: "Record") -> str:
    moment = record["time"].astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"
