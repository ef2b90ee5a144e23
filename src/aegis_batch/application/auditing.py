"""Entries of the audit about what was asked for from outside, and the test of the lock."""

from aegis_batch.application.actor import Actor
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.domain.audit import AuditEntry

__all__ = ["Auditing"]


class Auditing:
    """Keeps entries by themselves."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        """Take the ledger, and what measures how long the lock is waited for."""
        self._ledger = ledger
        self._clock = clock

    def note(self, actor: Actor, action: str, subject: str, reason: str) -> None:
        """Keep an entry; raises ``StateUnavailable`` and ``StateMisfit``."""
        with self._ledger.turn() as turn:
            turn.state.audit.add(
                AuditEntry(turn.now, actor.name, action, subject, reason, actor.origin)
            )

    def test_lock(self, actor: Actor) -> tuple[float, int]:
        """Take the one lock that all changes wait for, and let it go.

        Returns for how many milliseconds it was waited for, and how many leases are held meanwhile.
        Raises ``StateUnavailable`` where it isn't to be had.
        """
        started_seconds = self._clock.monotonic_seconds()
        with self._ledger.turn() as turn:
            waited_ms = (self._clock.monotonic_seconds() - started_seconds) * 1000
            held = len(turn.state.leases.holders(""))
            turn.state.audit.add(
                AuditEntry(turn.now, actor.name, "lock.test", "state", "", actor.origin)
            )
        return waited_ms, held
