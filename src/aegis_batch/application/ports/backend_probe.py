"""The port for one harmless question to the Backend."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aegis_batch.domain.clock_skew import ClockSample

__all__ = ["BackendAnswer", "BackendProbe"]


@dataclass(frozen=True, slots=True)
class BackendAnswer:
    """An answer that the contract has.

    ``is_closed`` says that the Backend has a report of the day. ``is_page`` says that it came with
    a page for people, as servers send that know nothing of reports. ``clock`` is ``None`` where
    the answer carried no readable date.
    """

    is_closed: bool
    is_page: bool
    clock: ClockSample | None


class BackendProbe(Protocol):
    """Asks the Backend for the report of a day, once, and changes nothing there."""

    def ask(self, day: date) -> BackendAnswer:
        """Return what it answered, within a bounded time.

        Raises ``BackendRefused`` and ``BackendUnavailable``, as the port of reports does.
        """
        ...
