"""Whether this process still counts as living for all others, by a clock that can't be set."""

from aegis_batch.application.ports.clock import Clock

__all__ = ["ExecutorLease"]

# Of the lease. Three signs of life are given in it, so whoever looks silent after a stall was kept
# from giving one for a third of it at least, and so was this process.
_SLOW_PART = 0.25
_OVERDUE_PART = 0.5


class ExecutorLease:
    """Runs out where no sign of life has been kept for long; several threads may ask it.

    Others bury whoever is silent for the same time by the state's clock, which begins with the
    last sign's transaction and so never before this one. Whoever hands something over outside
    asks first: where it has run out, somebody else may be at the same work.
    """

    def __init__(self, clock: Clock, lease_seconds: float | None) -> None:
        """Take the clock and how long it lasts; ``None`` where nobody else can take over."""
        self._clock = clock
        self._lease_seconds = lease_seconds
        # Both in one, since several threads look at them.
        self._held: tuple[float, float] | None = None
        self._has_ended = False

    def renew(self, asked_at_seconds: float) -> None:
        """Note that a sign of life was kept that was sent at a reading of the steady clock.

        One that took long to be kept has shown that the state stalled: it settles anew.
        """
        held = self._held
        since, until = held or (asked_at_seconds, asked_at_seconds)
        if self._lease_seconds is not None:
            kept_at_seconds = self._clock.monotonic_seconds()
            if kept_at_seconds - asked_at_seconds >= _SLOW_PART * self._lease_seconds:
                since = kept_at_seconds
            elif asked_at_seconds - until >= self._lease_seconds:
                since = asked_at_seconds
        self._held = (since, asked_at_seconds)

    def lose(self) -> None:
        """Note that this process is taken for dead."""
        self._held = None

    def end(self) -> None:
        """Note that what this process is at is about to be others'; signs of life may go on."""
        self._has_ended = True

    def is_held(self) -> bool:
        """Say whether the last sign of life is younger than the lease, which has not been ended."""
        held = None if self._has_ended else self._held
        if held is None or self._lease_seconds is None:
            return held is not None
        return self._clock.monotonic_seconds() - held[1] < self._lease_seconds

    def is_settled(self) -> bool:
        """Say whether it has been held for as long as it lasts, without a gap, and is not overdue.

        Before that, others may be silent for the same cause as this process was.
        """
        held = self._held
        if held is None or self._lease_seconds is None:
            return held is not None
        since, until = held
        now_seconds = self._clock.monotonic_seconds()
        return (
            now_seconds - until < _OVERDUE_PART * self._lease_seconds
            and now_seconds - since >= self._lease_seconds
        )
