"""Events as short lines of a run's history."""

from dataclasses import fields
from datetime import datetime
from enum import Enum

from aegis_batch.domain.events import RunEvent
from aegis_batch.domain.printable import printable

__all__ = ["timeline_text"]

_CHARACTERS_MAX = 500


def timeline_text(event: RunEvent) -> str:
    """Return an event's own fields as ``name=value``, without those that it lacks.

    It is one line and safe to show, whatever came from outside.
    """
    told = [
        f"{field.name}={_plain(getattr(event, field.name))}"
        for field in fields(event)
        if field.name not in ("run", "at") and getattr(event, field.name) is not None
    ]
    return printable(" ".join(told))[:_CHARACTERS_MAX]


def _plain(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.1f}"
    return str(value)
