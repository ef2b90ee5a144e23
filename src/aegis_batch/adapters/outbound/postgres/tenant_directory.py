"""The directory of tenants in a table or view of the orders' database, read by key."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from aegis_batch.adapters.outbound.postgres.catalogue import TableDescription, describe, source_of
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.tenant_columns import checked
from aegis_batch.adapters.outbound.postgres.tenant_ids import (
    ID_TYPES,
    as_id,
    can_be_id,
    equals_id,
    is_fit,
    tell_left_out,
)
from aegis_batch.adapters.outbound.postgres.tenants_schema import TenantsSchema
from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.tenant import Tenant

__all__ = ["PostgresTenantDirectory"]

_Found = TypeVar("_Found")

# More zones than there are, and more queues than anybody watches.
_DISTINCT_MAX = 1_000
_TEXTS = frozenset({"text", "varchar", "bpchar", "name"})
_FLAGS = frozenset({"bool", "int2", "int4", "int8"})
_FITTING = {
    "AEGIS_TENANTS_ID": (ID_TYPES, "text, a whole number or a uuid"),
    "AEGIS_TENANTS_ACTIVE": (_FLAGS, "a boolean or a whole number"),
    "AEGIS_TENANTS_ZONE": (_TEXTS, "text"),
    "AEGIS_TENANTS_QUEUE": (_TEXTS, "text"),
    "AEGIS_TENANTS_CLOSES_FROM": (frozenset({"date"}), "a date"),
}


class PostgresTenantDirectory:
    """Reads a page of tenants at a time, each in a snapshot of its own."""

    def __init__(
        self, database: OrdersDatabase, schema: TenantsSchema, zone_name: str, *, once: bool = False
    ) -> None:
        """Take the database, where in it the directory is, and the deployment's own zone.

        A tenant whose zone is that one has none of its own. With ``once`` a read that breaks off
        is not tried again.
        """
        self._database = database
        self._schema = schema
        self._zone_name = zone_name
        self._once = once

    @property
    def goes_by_orders(self) -> bool:
        """Whether tenants are known by their orders alone: they are not."""
        return False

    def page(
        self, zone_name: str | None, after: str | None, limit: int, window: Window
    ) -> Sequence[Tenant]:
        """Return active tenants of one zone behind an id; see the port."""
        del window

        def work(snapshot: Snapshot) -> tuple[list[Tenant], int]:
            table = self._find(snapshot)
            in_zone = sa.and_(table.is_active, table.is_of(zone_name, self._zone_name))
            wanted = [in_zone, is_fit(table.key)]
            wanted += [] if after is None else [table.key > sa.literal(after, sa.Text)]
            rows = snapshot.rows(table.rows(wanted, min(limit, PAGE_TENANTS_MAX)))
            # All that can be none are counted with the first page.
            left_out = table.count(in_zone, ~is_fit(table.key)) if after is None else None
            count = 0 if left_out is None else snapshot.rows(left_out)[0][0]
            return [self._tenant(row) for row in rows], count

        tenants, left_out = self._read(work)
        tell_left_out(left_out, str(self._schema.table_name()))
        return tenants

    def get(self, tenant_id: str) -> Tenant | None:
        """Return an active tenant; see the port."""
        if not can_be_id(tenant_id):
            return None

        def work(snapshot: Snapshot) -> Tenant | None:
            table = self._find(snapshot)
            rows = snapshot.rows(table.rows([table.is_active, table.names(tenant_id)], 1))
            return self._tenant(rows[0]) if rows else None

        return self._read(work)

    def zones(self) -> Sequence[str | None]:
        """Return the zones of active tenants; see the port."""
        found = self._distinct("AEGIS_TENANTS_ZONE")
        return [None, *(name for name in found if name != self._zone_name)]

    def queues(self) -> Sequence[str]:
        """Return the queues of active tenants; see the port."""
        return self._distinct("AEGIS_TENANTS_QUEUE")

    def _distinct(self, setting: str) -> list[str]:
        def work(snapshot: Snapshot) -> list[str]:
            table = self._find(snapshot)
            return [row[0] for row in snapshot.rows(table.distinct(setting))]

        return self._read(work)

    def _tenant(self, row: sa.Row[Any]) -> Tenant:
        zone_name = None if row.zone == self._zone_name else row.zone
        return Tenant(row.id, zone_name, row.queue, row.closes_from)

    def _read(self, work: Callable[[Snapshot], _Found]) -> _Found:
        tables = [str(self._schema.table_name())]
        return self._database.read(work, tables=tables, once=self._once)

    def _find(self, snapshot: Snapshot) -> "_Table":
        (table,) = describe(snapshot, [self._schema.table_name()]).tables
        named = (self._schema.table_name(), "AEGIS_TENANTS_TABLE")
        return _Table(checked(table, named, self._schema.columns(), _FITTING), self._schema)


class _Table:
    """The directory as it was found, for use in statements."""

    def __init__(self, table: TableDescription, schema: TenantsSchema) -> None:
        self._columns = schema.columns()
        self._described = table
        self._source = source_of(table)
        self._id_kind = table.columns[self._columns["AEGIS_TENANTS_ID"]]
        self._id = self._source.c[self._columns["AEGIS_TENANTS_ID"]]
        self.key = as_id(self._id, self._id_kind)

    @property
    def is_active(self) -> sa.ColumnElement[bool]:
        name = self._columns.get("AEGIS_TENANTS_ACTIVE")
        if name is None:
            return sa.true()
        column = self._source.c[name]
        if self._described.columns[name].name == "bool":
            return column.is_(sa.true())
        return column != sa.literal_column("0")

    def names(self, tenant_id: str) -> sa.ColumnElement[bool]:
        return equals_id(self._id, self._id_kind, tenant_id)

    def is_of(self, zone_name: str | None, own_zone_name: str) -> sa.ColumnElement[bool]:
        zone = self._text("AEGIS_TENANTS_ZONE")
        if zone_name is not None:
            return zone == sa.literal(zone_name, sa.Text)
        own = sa.literal(own_zone_name, sa.Text)
        return sa.func.coalesce(zone, own) == own

    def rows(self, wanted: Sequence[sa.ColumnElement[bool]], limit: int) -> sa.Executable:
        zone, queue = self._text("AEGIS_TENANTS_ZONE"), self._text("AEGIS_TENANTS_QUEUE")
        closes_from = self._closes_from
        statement = sa.select(
            self.key.label("id"),
            zone.label("zone"),
            queue.label("queue"),
            closes_from.label("closes_from"),
        ).where(*wanted)
        if self._id_kind.is_unique:
            return statement.order_by(self.key).limit(limit)
        # A view may have a tenant twice: then the same row of it counts, always.
        once = statement.ext(distinct_on(self.key))
        return once.order_by(self.key, zone, queue, closes_from).limit(limit)

    def count(self, *wanted: sa.ColumnElement[bool]) -> sa.Executable:
        return sa.select(sa.func.count()).select_from(self._source).where(*wanted)

    def distinct(self, setting: str) -> sa.Executable:
        text = sa.collate(self._text(setting), "C")
        return (
            sa.select(text.label("value"))
            .select_from(self._source)
            .where(self.is_active, text.is_not(None), is_fit(self.key))
            .distinct()
            .order_by(text)
            .limit(_DISTINCT_MAX)
        )

    def _text(self, setting: str) -> sa.ColumnElement[str]:
        """Return a column's text; null where it is empty, and where there is no such column."""
        name = self._columns.get(setting)
        if name is None:
            return sa.cast(sa.null(), sa.Text)
        return sa.func.nullif(sa.cast(self._source.c[name], sa.Text), "")

    @property
    def _closes_from(self) -> sa.ColumnElement[date]:
        name = self._columns.get("AEGIS_TENANTS_CLOSES_FROM")
        return sa.cast(sa.null(), sa.Date) if name is None else self._source.c[name]
