"""What a process that only carries out a backfill does again and again, until it has ended."""

from collections.abc import Callable

from aegis_batch.application.backfill_control import BackfillControl, BackfillProgress
from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.takeover import TakeOverUseCase

__all__ = ["BackfillHeart"]

_POLL_SECONDS = 0.2
_BEATS_A_LEASE = 3
_RECONCILE_SECONDS = 60.0


class BackfillHeart:
    """Reconciles, and tells how far a backfill has come; it fires nothing.

    For ``health`` such a process does not count as one that serves: no night comes of it.
    """

    def __init__(  # noqa: PLR0913 - what to look at, and who is told of it
        self,
        *,
        heartbeat: Heartbeat,
        take_over: TakeOverUseCase | None,
        reconcile: ReconcileUseCase,
        control: BackfillControl,
        clock: Clock,
        backfill_id: str,
        tell: Callable[[BackfillProgress], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        """Take which backfill to look at, and who is told of it at each beat.

        ``is_wanted`` says whether a process that serves waits for the state: it goes on then.
        """
        self._heartbeat = heartbeat
        self._take_over = take_over
        self._reconcile = reconcile
        self._control = control
        self._clock = clock
        self._backfill_id = backfill_id
        self._tell = tell
        self._is_wanted = is_wanted
        self._reconciled_seconds: float | None = None
        self._beaten_seconds: float | None = None
        self._is_over = False

    def beat(self) -> float:
        """Do all that is due, and return for how many seconds nothing will be.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        now_seconds = self._clock.monotonic_seconds()
        if self._heartbeat.is_alone and _is_due(
            self._beaten_seconds,
            self._heartbeat.executor.lease_seconds / _BEATS_A_LEASE,
            now_seconds,
        ):
            self._heartbeat.beat()
            self._beaten_seconds = now_seconds
        if self._take_over is not None:
            # Perhaps this very backfill was begun by a process that died.
            self._take_over.take_over()
        if _is_due(self._reconciled_seconds, _RECONCILE_SECONDS, now_seconds):
            self._reconcile.reconcile()
            self._reconciled_seconds = now_seconds
        progress = self._control.progress(self._backfill_id)
        self._tell(progress)
        self._is_over = progress.is_over or self._is_wanted()
        return _POLL_SECONDS

    def is_over(self) -> bool:
        """Say whether nothing was left for this process to carry out at the last beat."""
        return self._is_over

    def stop(self) -> None:
        """Leave word that the process goes in good order."""
        self._heartbeat.stop()


def _is_due(last_seconds: float | None, every_seconds: float, now_seconds: float) -> bool:
    return last_seconds is None or now_seconds - last_seconds >= every_seconds
