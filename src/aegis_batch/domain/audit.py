"""The audit trail: who changed what by hand, and why."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["AuditEntry"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed of a person; entries are only ever added.

    ``action`` is such as ``dead_letter.replay``, ``subject`` what it was done to. ``origin`` is the
    address that it was asked for from; ``None``: from the machine itself.
    """

    at: datetime
    operator: str
    action: str
    subject: str
    reason: str
    origin: str | None = None
