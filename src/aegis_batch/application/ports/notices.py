"""The port for notices on their way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from aegis_batch.domain.notice import Notice

__all__ = ["Notices"]


class Notices(Protocol):
    """Keeps notices by their key, within a turn."""

    def add(self, notice: Notice) -> bool:
        """Keep a notice, unless one with its key is known; say whether it was new."""
        ...

    def save(self, notice: Notice) -> None:
        """Keep a known notice as it is now; ``KeyError`` where it isn't known: a defect."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Return pending notices that are due, longest due first."""
        ...
