"""The port for events that others put into a table of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aegis_batch.domain.job_event import JobEvent

__all__ = ["EventInbox", "InboxRow"]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A row of the inbox, by its number; without an event it holds none, and ``fault`` says why."""

    number: int
    event: JobEvent | None
    fault: str | None = None


class EventInbox(Protocol):
    """Reads a table that only grows, and never writes to it."""

    def read(self, after: int, limit: int) -> Sequence[InboxRow]:
        """Return rows behind a number, in the order of their numbers, at most ``limit``.

        A row may appear behind which others were read already: numbers are given before their
        transactions end. Raises ``InboxUnreadable``.
        """
        ...
