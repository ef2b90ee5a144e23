"""Which providers rest, as all processes see it: looked at now and then, and changed in turns."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.breaker import Breaker, BreakerState, Provider
from aegis_batch.domain.breaker_events import (
    BreakerChanged,
    BreakerClosed,
    BreakerHalfOpened,
    BreakerOpened,
    BreakerSeen,
)
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

__all__ = ["Breaking"]

# What a success costs at most: a glance at what was read so long ago.
_SECONDS_A_LOOK = 1.0
_ALL_CLOSED: Mapping[Provider, Breaker] = {each: Breaker(each) for each in Provider}


class Breaking:
    """Knows where each breaker stands; any number of threads may ask.

    A state that is away opens no breaker and closes none: what was known last goes on to hold.
    """

    def __init__(
        self,
        look: Callable[[], AbstractContextManager[Turn]],
        ledger: Ledger | None,
        clock: Clock,
        metrics: MetricsSink,
        rest: timedelta,
    ) -> None:
        """Take what opens the state to read, and the ledger for changes; how long a rest lasts.

        Without a ledger nothing is changed: who only looks leaves resting providers alone, and
        what it finds out by itself is kept from the others.
        """
        self._look = look
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._rest = rest
        self._known = _ALL_CLOSED
        self._looked_seconds: float | None = None
        self._looking = Lock()

    def standing(self, provider: Provider) -> Breaker:
        """Return where a breaker stood a second ago or later."""
        seconds = self._looked_seconds
        now_seconds = self._clock.monotonic_seconds()
        if seconds is None or now_seconds - seconds >= _SECONDS_A_LOOK:
            self._refresh(now_seconds)
        return self._known[provider]

    def rests_until(self, *providers: Provider) -> datetime | None:
        """Return until when one of the providers is left alone; ``None``: all may be asked."""
        now = self._clock.now()
        rests = [self.standing(each).rests_until(now, self._rest) for each in providers]
        return max((each for each in rests if each is not None), default=None)

    def change(
        self, provider: Provider, seen: Breaker, target: BreakerState, failures: int = 0
    ) -> bool:
        """Bring a breaker into another state, and say whether it was still as it was seen.

        Of all who would at the same time, one does. Nobody does where the state is away.
        """
        if self._ledger is None:
            return False
        try:
            with self._ledger.turn() as turn:
                kept = {each.provider: each for each in turn.state.breakers.all()}
                known = {each: kept.get(each, Breaker(each)) for each in Provider}
                is_unchanged = known[provider] == seen
                if is_unchanged:
                    changed = replace(seen, state=target, failures=failures, changed_at=turn.now)
                    turn.state.breakers.save(changed)
                    turn.tell(_event(changed, turn.now))
                    known[provider] = changed
        except (StateUnavailable, StateMisfit):
            return False
        self._know(known)
        return is_unchanged

    def _refresh(self, now_seconds: float) -> None:
        # One thread looks; the others go by what is known, and never wait for it.
        if not self._looking.acquire(blocking=False):
            return
        try:
            self._looked_seconds = now_seconds
            with self._look() as turn:
                kept = {each.provider: each for each in turn.breakers.all()}
        except (StateUnavailable, StateMisfit):
            return
        finally:
            self._looking.release()
        self._know({each: kept.get(each, Breaker(each)) for each in Provider})

    def _know(self, known: Mapping[Provider, Breaker]) -> None:
        before, self._known = self._known, known
        for provider, breaker in known.items():
            if breaker.state is not before[provider].state:
                now = self._clock.now()
                self._metrics.emit(BreakerSeen(at=now, provider=provider, state=breaker.state))


def _event(breaker: Breaker, now: datetime) -> BreakerChanged:
    if breaker.state is BreakerState.OPEN:
        return BreakerOpened(at=now, provider=breaker.provider, failures=breaker.failures)
    if breaker.state is BreakerState.HALF_OPEN:
        return BreakerHalfOpened(at=now, provider=breaker.provider)
    return BreakerClosed(at=now, provider=breaker.provider)
