"""What a process that serves does again and again; whoever drives it waits in between."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aegis_batch.application.firing import FireDueUseCase
from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.set_back import SetBackUseCase
from aegis_batch.application.takeover import TakeOverUseCase

__all__ = ["Heart", "HeartRate"]

_ROUNDS_MAX = 100
# What goes back by less has set no next time far ahead; see ``AHEAD_MAX``, of which it is half.
_BACK_MAX = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class HeartRate:
    """How often things are done: the longest wait between looks at the schedules, and so on."""

    poll_seconds: float = 1.0
    beat_seconds: float = 10.0
    reconcile_seconds: float = 60.0
    tidy_seconds: float = 86_400.0


class Heart:
    """Fires schedules when their time comes, gives signs of life, reconciles, and tidies up."""

    def __init__(  # noqa: PLR0913 - the ports, and what it does
        self,
        *,
        fire_due: FireDueUseCase,
        reconcile: ReconcileUseCase,
        set_back: SetBackUseCase,
        tidy: Callable[[], bool],
        heartbeat: Heartbeat,
        take_over: TakeOverUseCase | None,
        clock: Clock,
        rate: HeartRate,
    ) -> None:
        """Take what to do and how often.

        Who is alone gives its signs of life here, so that they stop where all does. Where there are
        several, a thread of its own gives them. ``take_over`` may be ``None`` where nobody else can
        have held anything.

        ``tidy`` takes a little away of what nobody needs any more, and says whether there is more:
        then it goes on at the next beat. It raises nothing.
        """
        self._fire_due = fire_due
        self._reconcile = reconcile
        self._set_back = set_back
        self._tidy = tidy
        self._heartbeat = heartbeat
        self._take_over = take_over
        self._clock = clock
        self._rate = rate
        self._beaten_seconds: float | None = None
        self._reconciled_seconds: float | None = None
        self._tidied_seconds: float | None = None
        # The moment of the monotonic clock's zero, by the clock on the wall when it was furthest.
        self._zero: datetime | None = None

    def beat(self) -> float:
        """Do all that is due, and return for how many seconds nothing will be, at most a poll.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        now_seconds = self._clock.monotonic_seconds()
        if self._heartbeat.is_alone and _is_due(
            self._beaten_seconds, self._rate.beat_seconds, now_seconds
        ):
            self._heartbeat.beat()
            self._beaten_seconds = now_seconds
        if self._take_over is not None:
            self._take_over.take_over()
        if _is_due(self._reconciled_seconds, self._rate.reconcile_seconds, now_seconds):
            self._reconcile.reconcile()
            self._reconciled_seconds = now_seconds
        tidies = _is_due(self._tidied_seconds, self._rate.tidy_seconds, now_seconds)
        if tidies and not self._tidy():
            self._tidied_seconds = now_seconds
        for _ in range(_ROUNDS_MAX):
            fired = self._fire_due.fire()
            self._watch_clock(fired.at, now_seconds)
            if not fired.more:
                wait_seconds = self._wait_seconds(fired.next_due_at)
                return 0.0 if self._set_back.go_on() else wait_seconds
        return 0.0

    def stop(self) -> None:
        """Leave word that the process goes in good order."""
        self._heartbeat.stop()

    def _watch_clock(self, now: datetime, now_seconds: float) -> None:
        """Have next times set back where the clock on the wall has gone back, by the steady one."""
        zero = now - timedelta(seconds=now_seconds)
        started_at = self._heartbeat.executor.started_at
        furthest = self._zero or started_at - timedelta(seconds=now_seconds)
        if zero < furthest - _BACK_MAX:
            self._set_back.begin(now)
            self._zero = zero
        else:
            self._zero = max(zero, furthest)

    def _wait_seconds(self, next_due_at: datetime | None) -> float:
        if next_due_at is None:
            return self._rate.poll_seconds
        until_due = (next_due_at - self._clock.now()).total_seconds()
        return min(max(until_due, 0.0), self._rate.poll_seconds)


def _is_due(last_seconds: float | None, every_seconds: float, now_seconds: float) -> bool:
    return last_seconds is None or now_seconds - last_seconds >= every_seconds
