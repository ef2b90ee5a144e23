"""What a process that only carries out work does again and again."""

from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.takeover import TakeOverUseCase

__all__ = ["WorkerHeart"]

_RECONCILE_SECONDS = 60.0


class WorkerHeart:
    """Takes over the work of the dead, and looks for what it lost itself; it fires nothing."""

    def __init__(
        self,
        heartbeat: Heartbeat,
        take_over: TakeOverUseCase,
        reconcile: ReconcileUseCase,
        clock: Clock,
        poll_seconds: float,
    ) -> None:
        """Take what to do; ``poll_seconds`` is the longest rest."""
        self._heartbeat = heartbeat
        self._take_over = take_over
        self._reconcile = reconcile
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._reconciled_seconds: float | None = None

    def beat(self) -> float:
        """Do all that is due, and return for how many seconds nothing will be.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        self._take_over.take_over()
        now_seconds = self._clock.monotonic_seconds()
        last_seconds = self._reconciled_seconds
        if last_seconds is None or now_seconds - last_seconds >= _RECONCILE_SECONDS:
            # Nobody else can tell what this very process took and does nothing with.
            self._reconcile.reconcile()
            self._reconciled_seconds = now_seconds
        return self._poll_seconds

    def stop(self) -> None:
        """Leave word that the process goes in good order."""
        self._heartbeat.stop()
