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
    """A table that a plan reads from end to end."""

    schema: str
    table: str
    column: str | None


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
        name = quoted_path(scan.schema, scan.table)
        index_sql = scan.column and f"CREATE INDEX CONCURRENTLY ON {name} ({scan.column});"
        yield ScannedTable(name, _size_bytes(snapshot, scan), index_sql)


def _scans(plan: dict[str, Any], compared: re.Pattern[str]) -> Iterator[_Scan]:
    if plan["Node Type"] == "Seq Scan":
        found = compared.search(plan.get("Filter", ""))
        yield _Scan(plan["Schema"], plan["Relation Name"], found and found["column"])
    for part in plan.get("Plans", ()):
        # That is where the id of the one order comes from, and says nothing of its lines.
        if part.get("Parent Relationship") != "InitPlan":
            yield from _scans(part, compared)


def _size_bytes(snapshot: Snapshot, scan: _Scan) -> int:
    # Not by to_regclass, which is refused where the role may use a view and not what is behind it.
    relation = catalogue_table("pg_class", "oid relname relnamespace")
    namespace = catalogue_table("pg_namespace", "oid nspname")
    ((size,),) = snapshot.rows(
        sa.select(sa.func.pg_relation_size(relation.c.oid))
        .join(namespace, namespace.c.oid == relation.c.relnamespace)
        .where(namespace.c.nspname == scan.schema, relation.c.relname == scan.table)
    )
    return int(size)
