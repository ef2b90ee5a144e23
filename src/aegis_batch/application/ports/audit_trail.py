"""The port for the audit trail."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.audit import AuditEntry

__all__ = ["AuditTrail"]


class AuditTrail(Protocol):
    """Keeps what people did by hand, within a turn; nothing is ever changed or taken away."""

    def add(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        ...

    def newest(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries, newest first."""
        ...
