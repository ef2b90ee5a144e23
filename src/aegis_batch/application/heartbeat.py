"""The signs of life of this process."""

from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Pulse

__all__ = ["Heartbeat"]


class Heartbeat:
    """Keeps this process among the living; one thread at a time."""

    def __init__(
        self,
        pulse: Pulse,
        clock: Clock,
        lease: ExecutorLease,
        executor: Executor,
        *,
        is_alone: bool,
    ) -> None:
        """Take the ports, and who this is.

        Who ``is_alone`` holds the state for itself, by a lock that the kernel keeps: nobody else
        can take it for dead.
        """
        self._pulse = pulse
        self._clock = clock
        self.lease = lease
        self._is_known = False
        self.executor = executor
        self.is_alone = is_alone

    def beat(self) -> bool:
        """Give a sign of life, the first time as a new executor; ``False``: it counts as dead.

        Then this process must end at once. Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        asked_at_seconds = self._clock.monotonic_seconds()
        if not self._is_known:
            self._register()
        elif not self._pulse.beat(self.executor.name):
            if not self.is_alone:
                self.lease.lose()
                return False
            # Somebody has put a backup in the state's place.
            self._register()
        self.lease.renew(asked_at_seconds)
        return True

    def stop(self) -> None:
        """Leave word that the process goes in good order.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        if self._is_known:
            self._pulse.stop(self.executor.name)

    def _register(self) -> None:
        self._pulse.register(self.executor, renews=self.is_alone)
        self._is_known = True
