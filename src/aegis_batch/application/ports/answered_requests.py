"""The port for requests that were answered, so that one that is repeated is answered alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["AnsweredRequest", "AnsweredRequests"]


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request with an ``Idempotency-Key``, and the id of what it made or started.

    ``key`` is of whoever asked, too; ``digest`` tells whether another request has the same key.
    """

    key: str
    digest: str
    subject: str
    answered_at: datetime


class AnsweredRequests(Protocol):
    """Keeps answered requests by their key, within a turn."""

    def find(self, key: str) -> AnsweredRequest | None:
        """Return the request of a key; ``None`` where there was none."""
        ...

    def keep(self, request: AnsweredRequest) -> None:
        """Keep a request, in the place of the one with its key."""
        ...

    def forget(self, answered_before: datetime, limit: int) -> int:
        """Delete requests answered before an instant, oldest first; return how many."""
        ...
