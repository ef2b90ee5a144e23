"""The port for what came of verifying closed periods."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.verification import Verification

__all__ = ["Verifications"]


class Verifications(Protocol):
    """Keeps the newest verification of each period, within a turn."""

    def save(self, verification: Verification) -> None:
        """Keep a verification, in the place of the one before it of the same key."""
        ...

    def get(self, key: CloseKey) -> Verification | None:
        """Return what came of verifying a period last; ``None`` where it never was."""
        ...

    def newest(self, limit: int) -> Sequence[Verification]:
        """Return verifications, the last made first, those of one moment by their key."""
        ...
