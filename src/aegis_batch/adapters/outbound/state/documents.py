"""Seals and problems as JSON text."""

import json
from dataclasses import asdict, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.seal import Seal, Versions

__all__ = ["problem_of", "problem_text", "seal_of", "seal_text"]

_SEAL_FIELDS, _WINDOW_FIELDS, _VERSION_FIELDS = (
    tuple(field.name for field in fields(kind)) for kind in (Seal, Window, Versions)
)


def problem_text(problem: Problem) -> str:
    """Return a problem as JSON."""
    return json.dumps(asdict(problem), ensure_ascii=False, separators=(",", ":"))


def problem_of(text: str) -> Problem:
    """Return the problem that a text was written from."""
    return Problem(**json.loads(text))


def seal_text(seal: Seal) -> str:
    """Return a seal as JSON: instants and wall readings by ISO 8601, exact numbers as text."""
    # Not by asdict, which copies all that is in it, and takes ten times as long.
    content = {name: getattr(seal, name) for name in _SEAL_FIELDS}
    content["window"] = {name: getattr(seal.window, name) for name in _WINDOW_FIELDS}
    content["versions"] = {name: getattr(seal.versions, name) for name in _VERSION_FIELDS}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)


def seal_of(text: str) -> Seal:
    """Return the seal that a text was written from."""
    found: dict[str, Any] = json.loads(text)
    window = found["window"]
    found["window"] = Window(
        day=date.fromisoformat(window.pop("day")),
        **{name: datetime.fromisoformat(bound) for name, bound in window.items()},
    )
    found["items_sold"] = Decimal(found["items_sold"])
    found["read_at"] = datetime.fromisoformat(found["read_at"])
    found["versions"] = Versions(**found["versions"])
    return Seal(**found)


def _plain(value: date | Decimal) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
