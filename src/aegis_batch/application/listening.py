"""What is heard of attempts while they are under way, for the timelines of their runs."""

from collections import deque
from collections.abc import Iterable, Sequence

from aegis_batch.domain.events import Event, RequestAnswered, RequestFailed, RunEvent

__all__ = ["AttemptListener", "requests_in"]

_EVENTS_MAX = 200


class AttemptListener:
    """A sink that remembers the events of attempts under way; of each the last 200.

    Any thread may use it. What is told of a run in between its attempts, it lets go.
    """

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._heard: dict[str, deque[RunEvent]] = {}

    def begin(self, run_id: str) -> None:
        """Listen to an attempt at a run from now on."""
        self._heard[run_id] = deque(maxlen=_EVENTS_MAX)

    def emit(self, event: Event) -> None:
        """Take one event; see ``MetricsSink``."""
        if isinstance(event, RunEvent):
            heard = self._heard.get(event.run.id)
            if heard is not None:
                heard.append(event)

    def end(self, run_id: str) -> Sequence[RunEvent]:
        """Listen no more, and return what was heard in the order in which it happened."""
        return tuple(self._heard.pop(run_id, ()))


def requests_in(events: Iterable[Event]) -> int:
    """Return how many requests to the Backend there were, answered or not."""
    return sum(isinstance(event, RequestAnswered | RequestFailed) for event in events)
