"""Verifications in memory."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.verification import Verification

__all__ = ["InMemoryVerifications"]


class InMemoryVerifications:
    """Keeps the newest verification of each period."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[CloseKey, Verification] = {}

    def save(self, verification: Verification) -> None:
        """Keep a verification, in the place of the one before it of the same key."""
        self._log.put(self._kept, verification.key, verification)

    def get(self, key: CloseKey) -> Verification | None:
        """Return what came of verifying a period last; ``None`` where it never was."""
        return self._kept.get(key)

    def newest(self, limit: int) -> Sequence[Verification]:
        """Return verifications, the last made first, those of one moment by their key."""
        by_key = sorted(self._kept.values(), key=_rank)
        return sorted(by_key, key=lambda kept: kept.verified_at, reverse=True)[:limit]


def _rank(kept: Verification) -> tuple[str, str, str]:
    period = kept.key.period
    return (kept.key.tenant, period.kind.value, period.first_day.isoformat())
