"""Takes over the work of those that died, on whatever machine."""

from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.domain.executor_events import ExecutorTakenOver

__all__ = ["TakeOverUseCase"]

_EXECUTORS_MAX = 1_000
# Of the lease: a death is seen that much later at most.
_LOOKS_A_LEASE = 10.0
# Three signs of life are given in a lease, so who has given none for all of it after a stall was
# held up for longer than this part of it.
_HELD_UP_PART = 0.5


class _HeldUpError(Exception):
    """A look took so long that the silence of others says nothing; its turn is undone."""


class TakeOverUseCase:
    """Buries whoever is silent, and lets the living have its work and its leases.

    Every process does so; what one has done, the others find done. Whoever was away itself waits
    for the length of a lease first: what silenced it may have silenced all, as a server does that
    is started again, and then nobody has died. So it does whose look was held up itself: the
    server may have stood still, and everybody's signs of life with it.
    """

    def __init__(
        self, ledger: Ledger, pulse: Pulse, clock: Clock, lease: ExecutorLease, executor: Executor
    ) -> None:
        """Take the ports, and who this is, with its lease."""
        self._ledger = ledger
        self._pulse = pulse
        self._clock = clock
        self._lease = lease
        self._executor = executor
        self._looked_seconds: float | None = None
        self._swept_seconds: float | None = None
        self._held_up_seconds: float | None = None

    def take_over(self) -> int:
        """Take over what is left behind, and return how many pieces of work that were.

        Looks only every tenth of a lease. Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        now_seconds = self._clock.monotonic_seconds()
        every_seconds = self._executor.lease_seconds / _LOOKS_A_LEASE
        if (
            not self._lease.is_settled()
            or not _is_due(self._held_up_seconds, self._executor.lease_seconds, now_seconds)
            or not _is_due(self._looked_seconds, every_seconds, now_seconds)
        ):
            return 0
        self._looked_seconds = now_seconds
        # A turn holds up others: it is opened for somebody silent, or now and then, for what a
        # frozen process took just before it found itself dead.
        if not (
            _is_due(self._swept_seconds, self._executor.lease_seconds, now_seconds)
            or self._is_somebody_silent()
        ):
            return 0
        try:
            taken = self._take(now_seconds)
        except _HeldUpError:
            self._held_up_seconds = self._clock.monotonic_seconds()
            return 0
        self._swept_seconds = now_seconds
        return taken

    def _is_somebody_silent(self) -> bool:
        signs = self._pulse.signs(_EXECUTORS_MAX)
        return any(each.is_living and each.is_silent_at(signs.now) for each in signs.executors)

    def _take(self, begun_seconds: float) -> int:
        me = self._executor.name
        with self._ledger.turn() as turn:
            if not turn.state.executors.beat(me):
                # Taken for dead itself: the next sign of life ends the process.
                return 0
            buried = turn.state.executors.bury_silent(_EXECUTORS_MAX)
            # Only now is all read that it goes by.
            took_seconds = self._clock.monotonic_seconds() - begun_seconds
            if took_seconds >= _HELD_UP_PART * self._executor.lease_seconds:
                raise _HeldUpError
            # In this order: who registers meanwhile has begun nothing that was looked at.
            holders = turn.state.work.holders()
            living = turn.state.executors.living()
            works = turn.state.work.take_back([name for name in holders if name not in living])
            turn.state.leases.free([each.name for each in buried])
            for name in sorted({each.name for each in buried} | set(works)):
                turn.tell(
                    ExecutorTakenOver(
                        at=turn.now, executor=name, taken_over_by=me, works=works.get(name, 0)
                    )
                )
        return sum(works.values())


def _is_due(last_seconds: float | None, every_seconds: float, now_seconds: float) -> bool:
    return last_seconds is None or now_seconds - last_seconds >= every_seconds
