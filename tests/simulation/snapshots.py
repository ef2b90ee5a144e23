"""What readers were shown: every snapshot of the orders, and what it comes to by the oracle."""

from collections.abc import Callable, Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.memory.order_reader import PlacedOrder
from aegis_batch.domain.calendar import Period, Window
from tests.simulation.oracle import Facts, Oracle

if TYPE_CHECKING:
    from aegis_batch.domain.report import StoredReport
    from aegis_batch.domain.run import CloseKey

__all__ = ["Attempt", "Snapshots"]

_MOMENT = timedelta(microseconds=1)
_Span = tuple[date, date]


class Attempt:
    """What one attempt, or one command, was shown and tried since it began."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.read: dict[_Span, Facts] = {}
        self.found: dict[CloseKey, StoredReport | None] = {}
        self.not_shown: set[CloseKey] = set()
        self.tried: set[CloseKey] = set()
        # It looks again at what was closed, at many periods.
        self.looks_again = False
        # A person verifies: that is shown to him, and told to nobody else.
        self.is_by_hand = False
        # Others did something while it waited for an answer.
        self.is_interrupted = False

    def facts_of(self, period: Period) -> Facts | None:
        """Return what the snapshot of a period comes to that it was shown last."""
        return self.read.get((period.first_day, period.last_day))


class Snapshots:
    """Keeps what was shown to the attempt that goes on, and to one beside it."""

    def __init__(self, oracle: Oracle, is_beside: Callable[[], bool]) -> None:
        """Take the oracle, and what says that others do something while the first one waits."""
        self._oracle = oracle
        self._is_beside = is_beside
        self._attempts = {False: Attempt(), True: Attempt()}
        self._bodies: dict[_Span, set[bytes]] = {}

    @property
    def attempt(self) -> Attempt:
        """What the attempt that goes on just now was shown."""
        return self._attempts[self._is_beside()]

    def point(self, name: str) -> str:
        """Return which of the plan's points a call is, by what goes on."""
        return f"look: {name}" if self.attempt.looks_again else name

    @property
    def is_beside(self) -> bool:
        """Whether others are at work while the first one waits for an answer."""
        return self._is_beside()

    def begin(self) -> None:
        """Take note that an attempt, or a command, begins."""
        beside = self._is_beside()
        self._attempts[beside] = Attempt()
        if beside:
            self._attempts[False].is_interrupted = True

    def days_of(self, window: Window) -> _Span:
        """Return the first and the last day of a window; it is one day where a zone skips it."""
        return window.day, max(window.day, self._oracle.day_of(window.end - _MOMENT))

    def saw(self, window: Window, orders: Collection[PlacedOrder]) -> None:
        """Take a snapshot that a reader is shown: its report may be sent from now on."""
        span = self.days_of(window)
        facts = self._oracle.facts(*span, orders)
        self.attempt.read[span] = facts
        if not facts.broken:
            self._bodies.setdefault(span, set()).add(self._oracle.body(window.day, facts))

    def holds(self, period: Period, body: bytes) -> bool:
        """Say whether a report was made of a snapshot of its period."""
        return body in self._bodies.get((period.first_day, period.last_day), ())
