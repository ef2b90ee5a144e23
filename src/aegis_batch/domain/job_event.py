"""Things that happened elsewhere, and start jobs here."""

import re
from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "EVENT_DATA_BYTES_MAX",
    "EVENT_ID",
    "EVENT_TYPE",
    "JobEvent",
    "check_event_id",
    "check_event_type",
]

EVENT_DATA_BYTES_MAX = 64 * 1024
EVENT_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
EVENT_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event of a tenant; ``data`` is canonical JSON text of an object."""

    id: str
    type: str
    tenant: str
    at: datetime
    data: str = "{}"

    def __post_init__(self) -> None:
        """Refuse, with ``ValueError``, an id or a type that can be none."""
        check_event_id(self.id)
        check_event_type(self.type)


def check_event_type(text: str) -> str:
    """Return a name of a type of events; ``ValueError`` with a reason for what is none."""
    if EVENT_TYPE.fullmatch(text) is None:
        raise ValueError("is no name of a type: a letter, then letters, digits, and . _ -")
    return text


def check_event_id(text: str) -> str:
    """Return the id of an event; ``ValueError`` with a reason for what is none."""
    if EVENT_ID.fullmatch(text) is None:
        raise ValueError("is no id: 1 to 200 printable ASCII characters without a blank")
    return text
