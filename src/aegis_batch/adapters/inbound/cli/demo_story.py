"""What the demo tells: two closes of one day, step by step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aegis_batch.adapters.inbound.cli.services import DemoGround
from aegis_batch.domain.events import (
    CloseCompleted,
    Event,
    OrdersRead,
    ReportSought,
    ReportSubmitted,
)
from aegis_batch.domain.outcome import CloseResult

__all__ = ["Closing", "Step", "Story"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a close: what was done, what came of it, and how long it took."""

    what: str
    result: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Closing:
    """A close with the events that were told on its way."""

    result: CloseResult
    events: tuple[Event, ...]

    def steps(self) -> Iterator[Step]:
        """Yield the steps in the order in which they were taken.

        Deriving has no event of its own: it is what lies between the end of the reading and the
        start of the handing over.
        """
        read_at = None
        for event in self.events:
            if isinstance(event, ReportSought):
                found = "closed already" if event.found else "not closed yet"
                yield Step("ask the Backend", found, event.duration_ms)
            elif isinstance(event, OrdersRead):
                read_at = event.at
                counted = f"{event.orders:,} orders, {event.lines:,} lines"
                yield Step("read and check the orders", counted, event.duration_ms)
            elif isinstance(event, ReportSubmitted):
                if read_at is not None:
                    since_ms = (event.at - read_at).total_seconds() * 1000 - event.duration_ms
                    yield Step("derive and seal the report", self._sealed(), max(since_ms, 0.0))
                status = HTTPStatus(event.status)
                yield Step(
                    "hand it to the Backend", f"{status.value} {status.phrase}", event.duration_ms
                )

    def total_ms(self) -> float:
        """Return how long the whole close took."""
        ends = [event.duration_ms for event in self.events if isinstance(event, CloseCompleted)]
        return ends[-1] if ends else self.result.duration_ms

    def _sealed(self) -> str:
        seal = self.result.seal
        return "" if seal is None else seal.body_digest[:19] + "..."


@dataclass(frozen=True, slots=True)
class Story:
    """All that the demo shows; ``environment`` are the lines for whoever keeps the servers."""

    ground: DemoGround
    first: Closing
    again: Closing
    environment: Sequence[str]
    next_commands: Sequence[str]
