"""What a process that only carries out a backfill does again and again, until it has ended."""

from collections.abc import Callable

from aegis_batch.application.backfill_control import BackfillControl, BackfillProgress
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.reconciling import ReconcileUseCase

__all__ = ["BackfillHeart"]

_POLL_SECONDS = 0.2
_RECONCILE_SECONDS = 60.0


class BackfillHeart:
    """Reconciles, and tells how far a backfill has come; it fires nothing, and gives no sign.

    For ``health`` such a process does not count as one that serves: no night comes of it.
    """

    def __init__(
        self,
        reconcile: ReconcileUseCase,
        control: BackfillControl,
        clock: Clock,
        backfill_id: str,
        tell: Callable[[BackfillProgress], None],
    ) -> None:
        """Take which backfill to look at, and who is told of it at each beat."""
        self._reconcile = reconcile
        self._control = control
        self._clock = clock
        self._backfill_id = backfill_id
        self._tell = tell
        self._reconciled_seconds: float | None = None
        self._is_over = False

    def beat(self) -> float:
        """Do all that is due, and return for how many seconds nothing will be.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        now_seconds = self._clock.monotonic_seconds()
        last_seconds = self._reconciled_seconds
        if last_seconds is None or now_seconds - last_seconds >= _RECONCILE_SECONDS:
            self._reconcile.reconcile()
            self._reconciled_seconds = now_seconds
        progress = self._control.progress(self._backfill_id)
        self._tell(progress)
        self._is_over = progress.is_over
        return _POLL_SECONDS

    def is_over(self) -> bool:
        """Say whether nothing of the backfill was left to be carried out at the last beat."""
        return self._is_over

    def stop(self) -> None:
        """Do nothing: there is no sign of life to take back."""
