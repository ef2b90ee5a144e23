"""The port for events that others put into a table of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aegis_batch.domain.job_event import JobEvent

__all__ = ["EventInbox", "Horizon", "InboxRow"]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A row of the inbox, by its number; without an event it holds none, and ``fault`` says why."""

    number: int
    event: JobEvent | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Horizon:
    """Which transactions of the inbox's database go on, by their numbers.

    All before ``oldest_open`` have ended, and ``next`` and those behind it have not begun.
    """

    oldest_open: int
    next: int


class EventInbox(Protocol):
    """Reads a table that only grows, and never writes to it."""

    def read(self, after: int, limit: int) -> Sequence[InboxRow]:
        """Return rows behind a number, in the order of their numbers, at most ``limit``.

        A row may appear behind which others were read already: numbers are given before their
        transactions end. Raises ``InboxUnreadable``.
        """
        ...

    def horizon(self) -> Horizon:
        """Return which transactions go on just now; whatever has ended, reads see from here on.

        Raises ``InboxUnreadable``.
        """
        ...
