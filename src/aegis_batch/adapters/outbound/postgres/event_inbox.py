"""An inbox of events in a table of somebody else's; see ``deploy/sql/event_inbox.sql``."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, TypeVar

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.orders_schema import TableName
from aegis_batch.application.ports.event_inbox import Horizon, InboxRow
from aegis_batch.domain.errors import (
    InboxUnreadable,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.job_event import EVENT_DATA_BYTES_MAX, JobEvent
from aegis_batch.domain.payload import checked_payload
from aegis_batch.domain.tenant import check_tenant_id

__all__ = ["PostgresEventInbox"]

T = TypeVar("T")

_LENGTH_MAX = 2 * EVENT_DATA_BYTES_MAX


class PostgresEventInbox:
    """Reads a page of events in a snapshot of its own."""

    def __init__(self, database: OrdersDatabase, table: str, single_tenant: str | None) -> None:
        """Take the database, which need not be the orders' own, and the table.

        ``single_tenant`` is whose an event is that names none.
        """
        self._database = database
        name = TableName.parse(table, "AEGIS_EVENTS_TABLE")
        self._table = sa.table(
            name.name,
            sa.column("number", sa.BigInteger),
            sa.column("id", sa.Text),
            sa.column("type", sa.Text),
            sa.column("tenant", sa.Text),
            sa.column("at", sa.DateTime(timezone=True)),
            sa.column("data"),
            schema=name.schema,
        )
        self._told = table
        self._single_tenant = single_tenant

    def read(self, after: int, limit: int) -> Sequence[InboxRow]:
        """Return rows behind a number, in the order of their numbers."""
        columns = self._table.c
        # What is too long to be an event's is not even read.
        data = sa.func.left(sa.cast(columns.data, sa.Text), _LENGTH_MAX).label("data")
        texts = [sa.cast(columns[name], sa.Text).label(name) for name in ("id", "type", "tenant")]
        statement = (
            sa.select(columns.number, *texts, columns.at, data)
            .where(columns.number > after)
            .order_by(columns.number)
            .limit(limit)
        )

        return self._read(lambda snapshot: [self._row(row) for row in snapshot.rows(statement)])

    def horizon(self) -> Horizon:
        """Return which transactions go on just now."""
        snapshot_of_now = sa.func.pg_current_snapshot()
        # The type of such numbers is unknown to the driver.
        statement = sa.select(
            sa.cast(sa.func.pg_snapshot_xmin(snapshot_of_now), sa.Text).label("oldest_open"),
            sa.cast(sa.func.pg_snapshot_xmax(snapshot_of_now), sa.Text).label("next"),
        )

        def work(snapshot: Snapshot) -> Horizon:
            [now] = snapshot.rows(statement)
            return Horizon(int(now.oldest_open), int(now.next))

        return self._read(work)

    def _read(self, work: Callable[[Snapshot], T]) -> T:
        try:
            return self._database.read(work, tables=[self._told], once=True)
        except (OrdersMisfit, OrdersUnreachable) as error:
            raise InboxUnreadable(
                "inbox_unreadable",
                f"The table of events {self._told} can't be read ({error.code}).",
                "See AEGIS_EVENTS_URL and AEGIS_EVENTS_TABLE, and that the role may read the table"
                " of deploy/sql/event_inbox.sql.",
            ) from None

    def _row(self, row: sa.Row[Any]) -> InboxRow:
        try:
            return InboxRow(row.number, self._event(row))
        except (ValueError, RecursionError) as error:
            # A reason of this program's own, and never with what the row holds.
            why = "its data is nested too deep" if isinstance(error, RecursionError) else str(error)
            return InboxRow(row.number, None, why)

    def _event(self, row: sa.Row[Any]) -> JobEvent:
        """Return the event that a row holds; ``ValueError`` with why it holds none."""
        try:
            tenant = check_tenant_id(row.tenant or self._single_tenant or "")
        except InvalidRequest:
            raise ValueError("its tenant is none") from None
        if row.at is None:
            raise ValueError("it has no time")
        if len(row.data or "") >= _LENGTH_MAX:
            raise ValueError(f"its data is over {EVENT_DATA_BYTES_MAX:,} bytes")
        try:
            asked = json.loads(row.data or "{}")
        except json.JSONDecodeError:
            raise ValueError("its data is no JSON") from None
        try:
            data = checked_payload(asked, EVENT_DATA_BYTES_MAX)
        except ValueError as error:
            raise ValueError(f"its data {error}") from None
        try:
            return JobEvent(row.id or "", row.type or "", tenant, row.at.astimezone(UTC), data)
        except ValueError as error:
            raise ValueError(f"it {error}") from None
