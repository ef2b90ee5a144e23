"""What merges weeks and months from the seals of their days, in a process that doesn't serve."""

from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.bootstrap.state_by_hand import StateByHand

__all__ = ["sealed_days_by_hand"]


def sealed_days_by_hand(state: StateByHand | None, policy: ReportPolicy) -> SealedDays | None:
    """Return what merges days; ``None`` for adapters in memory."""
    return None if state is None else SealedDays(state.look, policy)
