"""Keeping reports in a database of derived data, for those without a Backend."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Table

from aegis_batch.adapters.outbound.postgres.derived.database import ReportsDatabase
from aegis_batch.adapters.outbound.postgres.derived.identity import OrdersGuard
from aegis_batch.adapters.outbound.postgres.derived.item_digest import item_digest
from aegis_batch.adapters.outbound.postgres.derived.schema import refuse_unless_current
from aegis_batch.adapters.outbound.postgres.derived.tables import report_items, reports
from aegis_batch.application.ports.report_gateway import Receipt
from aegis_batch.domain.errors import AnswerLost, BackendRefused, BackendUnavailable
from aegis_batch.domain.report import (
    AlteredBody,
    AlteredItem,
    Report,
    StoredReport,
    TopItem,
    digest_of_body,
)
from aegis_batch.domain.run import CloseKey, Run

__all__ = ["SqlReportGateway"]

_CREATED, _THERE_ALREADY = 201, 200
_IDENTITY_DIGITS = 16


class SqlReportGateway:
    """Upserts each report and its items in one transaction, and keeps former revisions.

    Whoever closes a period holds a lock on its key until the commit, so that of several at once
    one writes and the others find it done.
    """

    can_find = True
    can_replace = True

    def __init__(
        self, database: ReportsDatabase, guard: OrdersGuard, now: Callable[[], datetime]
    ) -> None:
        """Take the database, what keeps it apart from the orders', and the clock's UTC time."""
        self._database = database
        self._guard = guard
        self._now = now
        self._is_known_fit = False
        self._lock = Lock()

    @property
    def identity(self) -> str:
        """A digest of where the database is; see the port."""
        return hashlib.sha256(self._database.place.encode()).hexdigest()[:_IDENTITY_DIGITS]

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the current revision of the run's period; see the port."""

        def look(connection: Connection) -> StoredReport | None:
            refuse_unless_current(connection)
            return _current(connection, run.key)

        return self._database.carry_out(look, once=once)

    def submit(self, run: Run, report: Report) -> Receipt:
        """Keep a report, unless its period has one already; see the port."""
        return self._hand_over(run, report, is_replacing=False)

    def replace(self, run: Run, report: Report) -> Receipt:
        """Keep a report in the place of a different one; see the port."""
        return self._hand_over(run, report, is_replacing=True)

    def _hand_over(self, run: Run, report: Report, *, is_replacing: bool) -> Receipt:
        self._guard.learn()
        handing = _Handing(run, report, self._now(), is_replacing=is_replacing)

        def write(connection: Connection) -> Receipt:
            self._refuse_unfit(connection)
            return handing.write(connection)

        try:
            return self._database.carry_out(write)
        except BackendRefused as error:
            raise BackendRefused(
                error.code, error.message, error.remedy, attempts=handing.attempts
            ) from None
        except BackendUnavailable as error:
            # A transaction that had written may have been committed all the same.
            kind = AnswerLost if handing.has_written else BackendUnavailable
            raise kind(error.code, error.message, error.remedy, attempts=handing.attempts) from None

    def _refuse_unfit(self, connection: Connection) -> None:
        with self._lock:
            if not self._is_known_fit:
                self._guard.refuse(connection)
                refuse_unless_current(connection)
                self._is_known_fit = True


@dataclass(slots=True)
class _Handing:
    """One report on its way, however often its transaction is done again."""

    run: Run
    report: Report
    at: datetime
    is_replacing: bool
    attempts: int = 0
    has_written: bool = False

    def write(self, connection: Connection) -> Receipt:
        self.attempts += 1
        key = self.run.key
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_number(key))))
        row = _current_row(connection, key)
        if row is not None:
            if self._was_committed(row):
                return Receipt(_CREATED, self.attempts, revision=row.revision)
            stored = _stored(connection, key, row)
            if not self.is_replacing or not stored.differences(self.report):
                return Receipt(_THERE_ALREADY, self.attempts, stored, stored.revision)
            connection.execute(_update_of(key, row.revision).values(is_current=False))
        revision = _newest_revision(connection, key) + 1
        connection.execute(sa.insert(reports).values(self._row(revision)))
        items = self._items(revision)
        if items:
            connection.execute(sa.insert(report_items), items)
        self.has_written = True
        return Receipt(_CREATED, self.attempts, revision=revision)

    def _was_committed(self, row: Row[Any]) -> bool:
        """Say whether an attempt before this one came through, though it looked as if not."""
        return self.has_written and row.run_id == self.run.id and row.digest == self.report.digest()

    def _row(self, revision: int) -> dict[str, object]:
        return {
            **_key_values(self.run.key),
            "revision": revision,
            "is_current": True,
            "total_orders": self.report.total_orders,
            "total_revenue": self.report.total_revenue,
            "body": self.report.body().decode(),
            "digest": self.report.digest(),
            "run_id": self.run.id,
            "recorded_at": self.at,
        }

    def _items(self, revision: int) -> list[dict[str, object]]:
        report_digest = self.report.digest()
        return [
            {
                **_key_values(self.run.key),
                "revision": revision,
                "rank": rank,
                "name": item.name,
                "quantity": item.quantity,
                "digest": item_digest(self.run.key, revision, report_digest, rank, item),
            }
            for rank, item in enumerate(self.report.top_items, start=1)
        ]


def _current(connection: Connection, key: CloseKey) -> StoredReport | None:
    row = _current_row(connection, key)
    return None if row is None else _stored(connection, key, row)


def _current_row(connection: Connection, key: CloseKey) -> Row[Any] | None:
    statement = sa.select(reports).where(*_is_of(reports, key), reports.c.is_current)
    return connection.execute(statement).one_or_none()


def _stored(connection: Connection, key: CloseKey, row: Row[Any]) -> StoredReport:
    """Return a revision as others read it, that is from its columns, and whether it is whole."""
    body = _report_in(row.body)
    digest = digest_of_body(row.body)
    is_kept = body is not None and digest == row.digest
    items = connection.execute(
        sa.select(report_items)
        .where(*_is_of(report_items, key), report_items.c.revision == row.revision)
        .order_by(report_items.c.rank)
    ).all()
    return StoredReport(
        report_date=row.first_day,
        total_orders=Decimal(row.total_orders),
        total_revenue=row.total_revenue,
        top_items=tuple(TopItem(item.name, item.quantity) for item in items),
        revision=row.revision,
        altered=None if is_kept else AlteredBody(digest, row.digest),
        body=body if is_kept else None,
        altered_items=tuple(
            AlteredItem(item.rank, taken, item.digest)
            for item in items
            if (taken := _digest_of_item(key, row.digest, item)) != item.digest
        ),
    )


def _digest_of_item(key: CloseKey, report_digest: str, row: Row[Any]) -> str:
    item = TopItem(row.name, row.quantity)
    return item_digest(key, row.revision, report_digest, row.rank, item)


def _report_in(body: str) -> Report | None:
    """Return the report that a body was written from, byte by byte; ``None`` where from none."""
    try:
        report = Report.of_body(body)
        return report if report.body().decode() == body else None
    except ValueError:
        return None


def _newest_revision(connection: Connection, key: CloseKey) -> int:
    newest = sa.select(sa.func.max(reports.c.revision)).where(*_is_of(reports, key))
    return connection.execute(newest).scalar() or 0


def _update_of(key: CloseKey, revision: int) -> sa.Update:
    return sa.update(reports).where(*_is_of(reports, key), reports.c.revision == revision)


def _is_of(table: Table, key: CloseKey) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in _key_values(key).items()]


def _key_values(key: CloseKey) -> dict[str, object]:
    return {
        "tenant": key.tenant,
        "period_kind": key.period.kind.value,
        "first_day": key.period.first_day,
    }


def _lock_number(key: CloseKey) -> int:
    """Return a number of 64 bits for a key; where two keys share one, they wait in vain."""
    text = f"{key.period.kind.value} {key.period.first_day} {key.tenant}"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
