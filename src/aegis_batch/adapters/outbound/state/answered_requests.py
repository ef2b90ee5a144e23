"""Requests that were answered, in a table."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.job_tables import answered_requests
from aegis_batch.application.ports.answered_requests import AnsweredRequest

__all__ = ["SqlAnsweredRequests"]


class SqlAnsweredRequests:
    """Keeps answered requests by their key, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def find(self, key: str) -> AnsweredRequest | None:
        """Return the request of a key; ``None`` where there was none."""
        statement = select(answered_requests).where(answered_requests.c.key == key)
        found = statements.read(self._connection, statement, _request_of)
        return found[0] if found else None

    def keep(self, request: AnsweredRequest) -> None:
        """Keep a request, in the place of the one with its key."""
        row = {
            "key": request.key,
            "digest": request.digest,
            "subject": request.subject,
            "answered_at": request.answered_at,
        }
        statements.put(self._connection, answered_requests, row)

    def forget(self, answered_before: datetime, limit: int) -> int:
        """Delete requests answered before an instant, oldest first; return how many."""
        columns = answered_requests.c
        old = select(columns.key).where(columns.answered_at < answered_before)
        oldest = old.order_by(columns.answered_at, columns.key).limit(limit)
        statement = delete(answered_requests).where(columns.key.in_(oldest))
        return self._connection.execute(statement).rowcount


def _request_of(row: Row[Any]) -> AnsweredRequest:
    return AnsweredRequest(row.key, row.digest, row.subject, row.answered_at)
