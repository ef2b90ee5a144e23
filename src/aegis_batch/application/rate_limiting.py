"""Waits for permits, so that all processes together hand over no more than they may."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.pauses import Pauses
from aegis_batch.domain.rate_limit import RateLimit

__all__ = ["WAIT_SECONDS_MAX", "RateLimiting"]

# Who has to wait longer does not wait in a process's hands.
WAIT_SECONDS_MAX = 60.0
# A permit that came too late is forfeit, and another one asked for.
_TRIES_MAX = 10
_EVERYBODY = "submissions"


class RateLimiting:
    """Hands out permits of limits that hold over all processes; several threads may ask.

    A handful is reserved in one turn and handed out here, each at its time. The steady clock times
    them: the walls of several machines don't agree.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        pauses: Pauses,
        limit: RateLimit | None,
        tenant_limit: RateLimit | None,
    ) -> None:
        """Take the ports, the limit of all submissions, and that of each tenant's own."""
        self._ledger = ledger
        self._clock = clock
        self._pauses = pauses
        self._limit = limit
        self._tenant_limit = tenant_limit
        # From when to when each is good, by the steady clock.
        self._ready: deque[tuple[float, float]] = deque()
        self._lock = Lock()

    def wait(self, tenant: str) -> datetime | None:
        """Return when a tenant's submission may go out: now, as ``None``, or later than is waited.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        limits = self._limits_of(tenant)
        from_seconds = self._clock.monotonic_seconds()
        until_seconds = from_seconds + WAIT_SECONDS_MAX
        for _ in range(_TRIES_MAX):
            now_seconds = self._clock.monotonic_seconds()
            within = timedelta(seconds=until_seconds - now_seconds)
            from_seconds, to_seconds = self._slot(limits, within)
            if from_seconds > until_seconds:
                break
            now_seconds = self._clock.monotonic_seconds()
            if from_seconds > now_seconds:
                self._pauses.pause(from_seconds - now_seconds)
            if self._clock.monotonic_seconds() < to_seconds:
                return None
        later_seconds = max(from_seconds - self._clock.monotonic_seconds(), 1.0)
        return self._clock.now() + timedelta(seconds=later_seconds)

    def _limits_of(self, tenant: str) -> Mapping[str, RateLimit]:
        limits = {}
        if self._limit is not None:
            limits[_EVERYBODY] = self._limit
        if self._tenant_limit is not None:
            limits[f"{_EVERYBODY}\t{tenant}"] = self._tenant_limit
        return limits

    def _slot(self, limits: Mapping[str, RateLimit], within: timedelta) -> tuple[float, float]:
        """Return from when to when a permit is good; not at all, where it is to be asked again."""
        if len(limits) > 1 or self._limit is None:
            # One tenant's permit is no other's.
            return self._reserved(limits, 1, within)[0]
        with self._lock:
            now_seconds = self._clock.monotonic_seconds()
            while self._ready and self._ready[0][1] <= now_seconds:
                self._ready.popleft()
            if not self._ready:
                self._ready += self._reserved(limits, self._limit.batch_permits, within)
            return self._ready.popleft()

    def _reserved(
        self, limits: Mapping[str, RateLimit], permits: int, within: timedelta
    ) -> list[tuple[float, float]]:
        # The state's clock was read between these two.
        before_seconds = self._clock.monotonic_seconds()
        with self._ledger.turn() as turn:
            reserved = turn.state.rate_limits.reserve(limits, permits, within)
        after_seconds = self._clock.monotonic_seconds()
        wait_seconds = reserved.wait.total_seconds()
        if not reserved.permits:
            return [(after_seconds + wait_seconds, 0.0)]
        interval_seconds = max(limit.interval for limit in limits.values()).total_seconds()
        grace_seconds = min(limit.grace for limit in limits.values()).total_seconds()
        starts = [wait_seconds + place * interval_seconds for place in range(reserved.permits)]
        return [(after_seconds + start, before_seconds + start + grace_seconds) for start in starts]
