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
    the answer carried no readable date. ``heeds_token`` says that a token which nobody has was
    refused, ``None`` that the answer to it tells nothing. ``lacking`` names the figures that the
    report is without.
    """

    is_closed: bool
    is_page: bool
    clock: ClockSample | None
    heeds_token: bool | None = True
    lacking: tuple[str, ...] = ()


class BackendProbe(Protocol):
    """Asks the Backend for the report of a day and changes nothing there.

    Where it answers, it is asked once more with a token that nobody has.
    """

    def ask(self, day: date, tenant: str | None = None) -> BackendAnswer:
        """Return what it answered, of one tenant where one is named, within a bounded time.

        Raises ``BackendRefused`` and ``BackendUnavailable``, as the port of reports does.
        """
        ...
