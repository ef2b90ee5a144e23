"""The audit trail, in a table that only grows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import audit
from aegis_batch.domain.audit import AuditEntry

__all__ = ["SqlAuditTrail"]


class SqlAuditTrail:
    """Keeps entries in the order in which they came, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, entry: AuditEntry) -> None:
        """Keep an entry."""
        row = {
            "at": entry.at,
            "operator": entry.operator,
            "action": entry.action,
            "subject": entry.subject,
            "reason": entry.reason,
            "origin": entry.origin,
        }
        self._connection.execute(audit.insert(), row)

    def newest(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries, newest first."""
        statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
        return statements.read(self._connection, statement, _entry_of)


def _entry_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.at, row.operator, row.action, row.subject, row.reason, row.origin)
