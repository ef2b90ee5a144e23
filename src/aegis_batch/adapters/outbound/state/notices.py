"""Notices on their way, in a table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import notices
from aegis_batch.domain.notice import Notice, NoticeKind, NoticeState

__all__ = ["SqlNotices"]


class SqlNotices:
    """Keeps notices by their key, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def add(self, notice: Notice) -> bool:
        """Keep a notice, unless one with its key is known; say whether it was new."""
        return statements.add_new(self._connection, notices, _row_of(notice))

    def save(self, notice: Notice) -> None:
        """Keep a known notice as it is now; ``KeyError`` where it isn't known."""
        update = notices.update().where(notices.c.key == notice.key).values(_row_of(notice))
        if self._connection.execute(update).rowcount == 0:
            raise KeyError(notice.key)

    def due(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Return pending notices that are due, longest due first, then by key."""
        statement = (
            select(notices)
            .where(notices.c.state == NoticeState.PENDING.value, notices.c.due_at <= now)
            .order_by(notices.c.due_at, notices.c.key)
            .limit(limit)
        )
        return statements.read(self._connection, statement, _notice_of)


def _row_of(notice: Notice) -> dict[str, object]:
    return {
        "key": notice.key,
        "kind": notice.kind.value,
        "event": notice.event,
        "text": notice.text,
        "created_at": notice.created_at,
        "due_at": notice.due_at,
        "state": notice.state.value,
        "attempts": notice.attempts,
    }


def _notice_of(row: Row[Any]) -> Notice:
    return Notice(
        key=row.key,
        kind=NoticeKind(row.kind),
        event=row.event,
        text=row.text,
        created_at=row.created_at,
        due_at=row.due_at,
        state=NoticeState(row.state),
        attempts=row.attempts,
    )
