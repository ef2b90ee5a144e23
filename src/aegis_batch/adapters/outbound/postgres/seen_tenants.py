"""The tenants that have orders in a window, where no directory says who there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from aegis_batch.adapters.outbound.postgres.catalogue import (
    ColumnType,
    describe,
    source_of,
)
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, column_name
from aegis_batch.adapters.outbound.postgres.placed_at import (
    PLACED_AT_TYPES,
    bounds_of,
    resolve_placed_at,
)
from aegis_batch.adapters.outbound.postgres.tenant_columns import checked
from aegis_batch.adapters.outbound.postgres.tenant_ids import (
    ID_TYPES,
    as_id,
    can_be_id,
    equals_id,
    is_fit,
    tell_left_out,
)
from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.tenant import Tenant

__all__ = ["PostgresSeenTenants"]

_Found = TypeVar("_Found")

_TENANT = "AEGIS_ORDERS_TENANT"
_PLACED_AT = "AEGIS_ORDERS_PLACED_AT"
_FITTING = {
    _TENANT: (ID_TYPES, "text, a whole number or a uuid"),
    _PLACED_AT: (PLACED_AT_TYPES, "timestamptz, timestamp or date"),
}
# The orders of a window are looked through once for so many tenants: a page alone would make that
# a hundred times as often. Their ids take some MB at most.
_AHEAD_TENANTS = 10_000


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Ids that were read ahead of who asks for them: those of a window behind ``after``."""

    window: Window
    after: str
    ids: tuple[str, ...]
    is_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """The two columns of the orders that matter, as they were found."""

    tenant: sa.ColumnClause[Any]
    tenant_kind: ColumnType
    placed_at: sa.ColumnClause[Any]
    placed_at_type: str


class PostgresSeenTenants:
    """Reads the ids of tenants from the orders of a window, a bounded number of them at a time."""

    def __init__(
        self,
        database: OrdersDatabase,
        schema: OrdersSchema,
        tenant_column: str,
        *,
        ahead_tenants: int = _AHEAD_TENANTS,
    ) -> None:
        """Take the database, where in it the orders are, and the column that says whose they are.

        ``ahead_tenants`` bounds how many ids are read with one look through a window, and kept
        until they are asked for; a page is read in any case.
        """
        self._database = database
        self._schema = schema
        self._columns = {
            _TENANT: column_name(tenant_column, _TENANT),
            _PLACED_AT: schema.orders_columns()[_PLACED_AT],
        }
        self._ahead_tenants = ahead_tenants
        self._ahead: _Ahead | None = None
        self._lock = Lock()

    @property
    def goes_by_orders(self) -> bool:
        """Whether tenants are known by their orders alone: they are."""
        return True

    def page(
        self, zone_name: str | None, after: str | None, limit: int, window: Window
    ) -> Sequence[Tenant]:
        """Return the tenants that have orders in a window behind an id; see the port.

        All of them go by the deployment's own zone.
        """
        if zone_name is not None:
            return []
        limit = min(limit, PAGE_TENANTS_MAX)
        ids, is_end = self._behind(after, window)
        if len(ids) < limit and not is_end:
            ids, is_end = self._look(after, window, max(limit, self._ahead_tenants))
        page, rest = ids[:limit], ids[limit:]
        with self._lock:
            is_known = bool(page) and (bool(rest) or is_end)
            self._ahead = _Ahead(window, page[-1], rest, is_end) if is_known else None
        return [Tenant(tenant_id) for tenant_id in page]

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant that has any order; see the port."""
        if not can_be_id(tenant_id):
            return None

        def work(snapshot: Snapshot) -> bool:
            table = self._find(snapshot)
            named = equals_id(table.tenant, table.tenant_kind, tenant_id)
            return bool(snapshot.rows(sa.select(sa.literal(1)).where(named).limit(1)))

        return Tenant(tenant_id) if self._read(work) else None

    def zones(self) -> Sequence[str | None]:
        """Return the deployment's own zone alone."""
        return [None]

    def queues(self) -> Sequence[str]:
        """Return none: nobody says that a tenant has one."""
        return []

    def _behind(self, after: str | None, window: Window) -> tuple[tuple[str, ...], bool]:
        """Return what was read ahead of this very question."""
        with self._lock:
            ahead = self._ahead
        if ahead is None or ahead.window != window or ahead.after != after:
            return (), False
        return ahead.ids, ahead.is_end

    def _look(self, after: str | None, window: Window, limit: int) -> tuple[tuple[str, ...], bool]:
        """Look through the window, and return a number of ids with whether they are the last."""

        def work(snapshot: Snapshot) -> tuple[tuple[str, ...], int]:
            table = self._find(snapshot)
            meaning = resolve_placed_at(
                self._schema.placed_at_kind, table.placed_at_type, table.placed_at.name
            )
            key = as_id(table.tenant, table.tenant_kind)
            seen = (
                sa.select(key.label("id"), is_fit(key).label("is_fit"))
                .where(bounds_of(window, meaning).hold(table.placed_at))
                .group_by(key)
            )
            if after is not None:
                seen = seen.where(key > sa.literal(after, sa.Text))
            row = snapshot.rows(_summed(seen, limit))[0]
            # All that can be none are counted with the first look.
            return tuple(row.ids), row.unfit if after is None else 0

        ids, unfit = self._read(work)
        tell_left_out(unfit, f"the values of {self._columns[_TENANT]} in the orders of a window")
        return ids, len(ids) < limit

    def _read(self, work: Callable[[Snapshot], _Found]) -> _Found:
        return self._database.read(work, tables=[str(self._schema.orders_name())])

    def _find(self, snapshot: Snapshot) -> _Columns:
        (table,) = describe(snapshot, [self._schema.orders_name()]).tables
        named = (self._schema.orders_name(), "AEGIS_ORDERS_TABLE")
        found = checked(table, named, self._columns, _FITTING)
        source = source_of(found)
        tenant, placed_at = self._columns[_TENANT], self._columns[_PLACED_AT]
        return _Columns(
            tenant=source.c[tenant],
            tenant_kind=found.columns[tenant],
            placed_at=source.c[placed_at],
            placed_at_type=found.columns[placed_at].name,
        )


def _summed(seen: sa.Select[str, bool], limit: int) -> sa.Executable:
    """Return one row: the first ids that are fit, and how many are not, of one look."""
    ids = seen.cte("seen")
    fit = sa.select(ids.c.id).where(ids.c.is_fit).order_by(ids.c.id).limit(limit)
    unfit = sa.select(sa.func.count()).where(~ids.c.is_fit)
    return sa.select(
        sa.func.array(fit.scalar_subquery(), type_=ARRAY(sa.Text)).label("ids"),
        unfit.scalar_subquery().label("unfit"),
    )
