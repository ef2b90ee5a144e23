"""Events as short lines of a run's history."""

from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from aegis_batch.domain.events import RunEvent
from aegis_batch.domain.printable import printable, shortened

__all__ = ["timeline_text"]

_CHARACTERS_MAX = 500


def timeline_text(event: RunEvent) -> str:
    """Return an event's own fields as ``name=value``, without those that it lacks.

    It is one line and safe to show, whatever came from outside; an ellipsis says where it is cut.
    """
    kind: Any = type(event)
    told = [
        f"{name}={_plain(value)}"
        for name in _own_names(kind)
        if (value := getattr(event, name)) is not None
    ]
    return shortened(printable(" ".join(told)), _CHARACTERS_MAX)


@cache
def _own_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in ("run", "at"))


def _plain(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.1f}"
    return str(value)
