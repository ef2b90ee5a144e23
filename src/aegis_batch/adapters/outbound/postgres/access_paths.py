"""How the server would find rows: what its planner says, without anything being read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from aegis_batch.adapters.outbound.postgres.catalogue_indexes import catalogue_table
from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource
from aegis_batch.adapters.outbound.postgres.placed_at import PlacedAtBounds
from aegis_batch.application.ports.orders_inspector import Access, ScannedTable, WindowAccess
from aegis_batch.domain.identifiers import quoted_path

__all__ = ["explain_window"]

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[a-z_][\w$]*)'
# How a plan writes the comparison of a plain column: with a time, or with the id of one order.
_COMPARED = rf"\(?(?:{_IDENTIFIER}\.)?(?P<column>{_IDENTIFIER})\)?(?:::[a-z ]+)?"
_FROM_TIME = re.compile(rf"\({_COMPARED} >= ")
_OF_ORDER = re.compile(rf"\({_COMPARED} = (?:\$0|\(InitPlan)")

_KEYS = sa.text(
    "SELECT m.amname, pg_get_indexdef(i.indexrelid, k.number, false) AS key"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_am m ON m.oid = c.relam"
    " CROSS JOIN generate_series(1, i.indnkeyatts) AS k (number)"
    " WHERE n.nspname = :schema AND c.relname = :index ORDER BY k.number"
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
    condition by which the index is searched.
    """

    schema: str
    table: str
    column: str | None
    index: str | None = None
    by_index: str = ""


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
    moment = _plan(snapshot, sa.select(order_id).where(_moment_of(bounds).hold(placed_at)))
    an_order = sa.select(order_id).limit(1).scalar_subquery()
    lines = _plan(
        snapshot,
        sa.select(source.items_column("AEGIS_ITEMS_QUANTITY")).where(
            source.items_column("AEGIS_ITEMS_ORDER_ID") == an_order
        ),
    )
    return WindowAccess(
        orders=Access(_rows(whole), tuple(_scanned(snapshot, moment, _FROM_TIME))),
        items=Access(_rows(lines), tuple(_scanned(snapshot, lines, _OF_ORDER))),
    )


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
    snapshot: Snapshot, plan: dict[str, Any], compared: re.Pattern[str]
) -> Iterator[ScannedTable]:
    for scan in dict.fromkeys(_scans(plan, compared)):
        if scan.index is not None and _serves(snapshot, scan):
            continue
        name = quoted_path(scan.schema, scan.table)
        table = _table(snapshot, scan)
        yield ScannedTable(name, table.size_bytes, scan.column and _index_sql(name, table, scan))


def _index_sql(name: str, table: _Table, scan: _Scan) -> str:
    if table.whole is None:
        return f"CREATE INDEX CONCURRENTLY ON {name} ({scan.column});"
    # PostgreSQL refuses CONCURRENTLY there.
    return (
        "-- Writes wait until it is made, since the table is a partitioned one.\n"
        f"CREATE INDEX ON {table.whole} ({scan.column});"
    )


def _scans(
    plan: dict[str, Any], compared: re.Pattern[str], of: tuple[str, str] = ("", "")
) -> Iterator[_Scan]:
    if "Relation Name" in plan:
        of = plan["Schema"], plan["Relation Name"]
    if plan["Node Type"] == "Seq Scan":
        found = compared.search(plan.get("Filter", ""))
        yield _Scan(*of, found and found["column"])
    elif "Index Name" in plan:
        by_index = plan.get("Index Cond", "")
        # Without the comparison it looks for something else, such as a line's product.
        if found := compared.search(by_index) or compared.search(plan.get("Filter", "")):
            yield _Scan(*of, found["column"], plan["Index Name"], by_index)
    for part in plan.get("Plans", ()):
        # That is where the id of the one order comes from, and says nothing of its lines.
        if part.get("Parent Relationship") != "InitPlan":
            yield from _scans(part, compared, of)


def _serves(snapshot: Snapshot, scan: _Scan) -> bool:
    """Say whether an index leads to the rows, and isn't itself read from end to end.

    It does where all of its columns before the one that is compared are held equal to something.
    """
    keys = snapshot.rows(_KEYS.bindparams(schema=scan.schema, index=scan.index))
    for key in keys:
        if key.key == scan.column:
            return True
        # Every column of such an index is searched alike.
        if key.amname != "brin" and not _is_held(key.key, scan.by_index):
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
