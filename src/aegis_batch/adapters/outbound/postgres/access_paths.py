"""How the server would find rows: what its planner says, without anything being read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from aegis_batch.adapters.outbound.postgres.catalogue_indexes import catalogue_table
from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.placed_at import PlacedAtBounds
from aegis_batch.adapters.outbound.postgres.tenant_column import TenantKind
from aegis_batch.application.ports.orders_inspector import Access, ScannedTable, WindowAccess
from aegis_batch.domain.identifiers import quoted_path

__all__ = ["explain_window"]

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[a-z_][\w$]*)'
# How a plan writes the comparison of a plain column: with a time, or with the id of one order.
_COMPARED = rf"\(?(?:{_IDENTIFIER}\.)?(?P<column>{_IDENTIFIER})\)?(?:::[a-z ]+)?"
_FROM_TIME = re.compile(rf"\({_COMPARED} >= ")
_OF_TENANT = re.compile(rf"\({_COMPARED} = ANY ")
_OF_ORDER = re.compile(rf"\({_COMPARED} = (?:\$0|\(InitPlan)")

# An id that each kind of column can hold, whether or not there is such a tenant.
_ANYBODY = ("0", str(UUID(int=0)))

_KEYS = sa.text(
    "SELECT c.relname, m.amname, i.indpred IS NOT NULL AS is_partial,"
    " pg_get_indexdef(i.indexrelid, k.number, false) AS key"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_catalog.pg_class t ON t.oid = i.indrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
    " JOIN pg_catalog.pg_am m ON m.oid = c.relam"
    " CROSS JOIN generate_series(1, i.indnkeyatts) AS k (number)"
    " WHERE n.nspname = :schema AND t.relname = :table AND i.indisvalid"
    " ORDER BY c.relname, k.number"
)


class _Explain(sa.Executable, sa.ClauseElement):
    """``EXPLAIN`` of a statement, which is planned and not run."""

    inherit_cache = False

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    written: str = compiler.process(element.statement, **options)
    return f"EXPLAIN (FORMAT JSON, VERBOSE) {written}"


@dataclass(frozen=True, slots=True)
class _Scan:
    """How a plan looks for rows in a table: by an index, or by reading it from end to end.

    ``column`` is what is compared, ``None`` where that is no plain column; ``by_index`` is the
    condition by which the index is searched. ``conditions`` are all that rows are picked by.
    """

    schema: str
    table: str
    column: str | None
    index: str | None = None
    by_index: str = ""
    conditions: str = ""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as the catalogue has it; ``whole`` is what it is a partition of, if of anything."""

    size_bytes: int
    whole: str | None


def explain_window(
    snapshot: Snapshot, source: OrdersSource, bounds: PlacedAtBounds
) -> WindowAccess:
    """Return how the orders of a window and the lines of one order would be found.

    The estimate is of the window as it is. Whether an index serves at all is asked about a moment
    of it, with the planner told to avoid whole tables, for this transaction alone: so neither a
    small table nor a large share of one hides what is there.
    """
    placed_at = source.orders_column("AEGIS_ORDERS_PLACED_AT")
    order_id = source.orders_column("AEGIS_ORDERS_ID")
    whole = _plan(snapshot, sa.select(order_id).where(bounds.hold(placed_at)))
    snapshot.rows(sa.select(sa.func.set_config("enable_seqscan", "off", sa.true())))
    moment = sa.select(order_id).where(_moment_of(bounds).hold(placed_at))
    an_order = sa.select(order_id).limit(1).scalar_subquery()
    lines = _plan(
        snapshot,
        sa.select(source.items_column("AEGIS_ITEMS_QUANTITY")).where(
            source.items_column("AEGIS_ITEMS_ORDER_ID") == an_order
        ),
    )
    return WindowAccess(
        orders=Access(_rows(whole), _scanned_for_moment(snapshot, source, moment)),
        items=Access(_rows(lines), tuple(_scanned(snapshot, lines, _OF_ORDER))),
    )


def _scanned_for_moment(
    snapshot: Snapshot, source: OrdersSource, moment: sa.Select[Any]
) -> tuple[ScannedTable, ...]:
    """Return the tables that are read from end to end for a moment's orders, whoever's they are.

    Where orders name tenants, an index that has a tenant's orders by time will do, too.
    """
    scanned = tuple(_scanned(snapshot, _plan(snapshot, moment), _FROM_TIME))
    tenant = source.tenant
    if tenant is None or tenant.kind is TenantKind.AS_TEXT or not scanned:
        return scanned
    of_tenant = _plan(snapshot, moment.where(tenant.is_any_of(_ANYBODY)))
    return tuple(_scanned(snapshot, of_tenant, _FROM_TIME, before=_OF_TENANT))


def _moment_of(bounds: PlacedAtBounds) -> PlacedAtBounds:
    start: date | datetime = bounds.start
    end = start + timedelta(seconds=1) if isinstance(start, datetime) else bounds.end
    return PlacedAtBounds(start, end, bounds.sql_type)


def _plan(snapshot: Snapshot, statement: sa.Select[Any]) -> dict[str, Any]:
    ((described,),) = snapshot.rows(_Explain(statement))
    plan: dict[str, Any] = described[0]["Plan"]
    return plan


def _rows(plan: dict[str, Any]) -> int:
    return int(plan["Plan Rows"])


def _scanned(
    snapshot: Snapshot,
    plan: dict[str, Any],
    compared: re.Pattern[str],
    before: re.Pattern[str] | None = None,
) -> Iterator[ScannedTable]:
    """Return what is scanned for lack of an index on ``before`` and what is compared."""
    for scan in dict.fromkeys(_scans(plan, compared)):
        if scan.index is not None and _is_served(snapshot, scan):
            continue
        name = quoted_path(scan.schema, scan.table)
        table = _table(snapshot, scan)
        first = before.search(scan.conditions) if before is not None else None
        columns = scan.column if first is None else f"{first['column']}, {scan.column}"
        yield ScannedTable(name, table.size_bytes, scan.column and _index_sql(name, table, columns))


def _index_sql(name: str, table: _Table, columns: str | None) -> str:
    if table.whole is None:
        return f"CREATE INDEX CONCURRENTLY ON {name} ({columns});"
    # PostgreSQL refuses CONCURRENTLY there.
    return (
        "-- Writes wait until it is made, since the table is a partitioned one.\n"
        f"CREATE INDEX ON {table.whole} ({columns});"
    )


def _scans(
    plan: dict[str, Any], compared: re.Pattern[str], of: tuple[str, str] = ("", "")
) -> Iterator[_Scan]:
    if "Relation Name" in plan:
        of = plan["Schema"], plan["Relation Name"]
    by_index, by_filter = plan.get("Index Cond", ""), plan.get("Filter", "")
    conditions = f"{by_index} {plan.get('Recheck Cond', '')} {by_filter}"
    found = compared.search(by_filter)
    # What a bitmap's index led to rows by stands in another condition.
    if plan["Node Type"] == "Seq Scan" or (found and plan["Node Type"] == "Bitmap Heap Scan"):
        yield _Scan(*of, found and found["column"], conditions=conditions)
    # Without the comparison it looks for something else, such as a line's product.
    elif "Index Name" in plan and (found := compared.search(conditions)):
        yield _Scan(*of, found["column"], plan["Index Name"], by_index, conditions)
    for part in plan.get("Plans", ()):
        # That is where the id of the one order comes from, and says nothing of its lines.
        if part.get("Parent Relationship") != "InitPlan":
            yield from _scans(part, compared, of)


def _is_served(snapshot: Snapshot, scan: _Scan) -> bool:
    """Say whether an index leads to the rows, and isn't itself read from end to end.

    It does where all of its columns before the one that is compared are held equal to something.
    Where the planner takes an index that doesn't, as it may where it expects hardly any rows,
    another one of the table will do.
    """
    keys_of: dict[str, list[Any]] = {}
    for key in snapshot.rows(_KEYS.bindparams(schema=scan.schema, table=scan.table)):
        keys_of.setdefault(key.relname, []).append(key)
    chosen = keys_of.pop(scan.index or "", [])
    others = (keys for keys in keys_of.values() if not keys[0].is_partial)
    return _serves(chosen, scan.column, scan.by_index) or any(
        _serves(keys, scan.column, scan.conditions) for keys in others
    )


def _serves(keys: Sequence[Any], column: str | None, conditions: str) -> bool:
    for key in keys:
        if key.key == column:
            return True
        # Every column of such an index is searched alike.
        if key.amname != "brin" and not _is_held(key.key, conditions):
            return False
    return False


def _is_held(column: str, condition: str) -> bool:
    held = rf"\(\(?(?:{_IDENTIFIER}\.)?{re.escape(column)}\)?(?:::[a-z ]+)? = "
    return re.search(held, condition) is not None


def _table(snapshot: Snapshot, scan: _Scan) -> _Table:
    # Not by to_regclass, which is refused where the role may use a view and not what is behind it.
    relation = catalogue_table("pg_class", "oid relname relnamespace")
    namespace = catalogue_table("pg_namespace", "oid nspname")
    whole, whole_namespace = relation.alias("whole"), namespace.alias("whole_namespace")
    (found,) = snapshot.rows(
        sa.select(
            sa.func.pg_relation_size(relation.c.oid).label("size_bytes"),
            whole_namespace.c.nspname,
            whole.c.relname,
        )
        .join(namespace, namespace.c.oid == relation.c.relnamespace)
        .outerjoin(whole, whole.c.oid == sa.func.pg_partition_root(relation.c.oid))
        .outerjoin(whole_namespace, whole_namespace.c.oid == whole.c.relnamespace)
        .where(namespace.c.nspname == scan.schema, relation.c.relname == scan.table)
    )
    is_partition = found.relname is not None
    whole_name = quoted_path(found.nspname, found.relname) if is_partition else None
    return _Table(int(found.size_bytes), whole_name)
