"""The shapes of all tables that a role may see in PostgreSQL."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL, Row

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.domain.printable import printable
from aegis_batch.domain.views.shapes import (
    ColumnShape,
    Reference,
    Shapes,
    TableShape,
    ValueKind,
)

__all__ = ["PostgresSchemaCatalogue"]

_TABLES_MAX = 500
_COLUMNS_MAX = 10_000

# What all questions are about: tables of the shop's own, in the order of their names.
_TABLES = """
WITH tables AS MATERIALIZED (
    SELECT c.oid, n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     ORDER BY 2, 3
     LIMIT :tables_max
)
"""
_COLUMNS = """
SELECT t.schema, t.name AS table_name, a.attname AS name, b.typname AS type_name,
       b.typcategory AS category,
       CASE WHEN d.typtype = 'd' THEN d.typtypmod ELSE a.atttypmod END AS modifier,
       ARRAY(SELECT CAST(e.enumlabel AS text) FROM pg_catalog.pg_enum e
              WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder) AS labels
  FROM tables t
  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type d ON d.oid = a.atttypid
  JOIN pg_catalog.pg_type b ON b.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
 ORDER BY t.schema, t.name, a.attnum
 LIMIT :columns_max
"""
_KEYS = """
SELECT t.schema, t.name AS table_name, k.contype AS kind,
       ARRAY(SELECT CAST(a.attname AS text)
               FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.number
              ORDER BY c.place) AS columns,
       n.nspname AS to_schema, r.relname AS to_table,
       ARRAY(SELECT CAST(a.attname AS text)
               FROM unnest(k.confkey) WITH ORDINALITY AS c (number, place)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = c.number
              ORDER BY c.place) AS to_columns
  FROM tables t
  JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'f')
  LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
 ORDER BY t.schema, t.name, k.conname
 LIMIT :columns_max
"""
_KINDS = {
    "int2": ValueKind.WHOLE,
    "int4": ValueKind.WHOLE,
    "int8": ValueKind.WHOLE,
    "numeric": ValueKind.EXACT,
    "float4": ValueKind.FLOAT,
    "float8": ValueKind.FLOAT,
    "money": ValueKind.MONEY,
    "timestamptz": ValueKind.INSTANT,
    "timestamp": ValueKind.TIMESTAMP,
    "date": ValueKind.DATE,
}
_KINDS_OF_CATEGORY = {"S": ValueKind.TEXT, "E": ValueKind.ENUMERATION}
# A modifier of numeric holds both numbers, and four more for its own header.
_NUMERIC_HEADER = 4


class PostgresSchemaCatalogue:
    """Reads the catalogue in one snapshot, and nothing else."""

    def __init__(self, url: URL, *, seconds: float) -> None:
        """Take a URL as ``parse_database_url`` returns it; ``seconds`` bounds every step."""
        self._database = OrdersDatabase(
            url, connect_seconds=seconds, statement_timeout_seconds=seconds
        )

    def shapes(self) -> Shapes:
        """Return the shapes of all tables; see the port."""
        return self._database.read(_shapes, tables=["the catalogue"])


def _shapes(snapshot: Snapshot) -> Shapes:
    limit = f"{max(1, round(snapshot.statement_timeout_seconds * 1000))}ms"
    set_up = snapshot.rows(
        sa.select(
            sa.func.current_user().label("role"),
            sa.func.set_config("statement_timeout", limit, sa.true()),
        )
    )[0]
    bounds = {"tables_max": _TABLES_MAX + 1, "columns_max": _COLUMNS_MAX + 1}
    columns = snapshot.rows(sa.text(_TABLES + _COLUMNS).bindparams(**bounds))
    keys = snapshot.rows(sa.text(_TABLES + _KEYS).bindparams(**bounds))
    tables = _tables(columns[:_COLUMNS_MAX], keys)
    is_whole = len(tables) <= _TABLES_MAX and len(columns) <= _COLUMNS_MAX
    return Shapes(set_up.role, tuple(tables[:_TABLES_MAX]), is_whole)


def _tables(columns: Sequence[Row[Any]], keys: Sequence[Row[Any]]) -> list[TableShape]:
    of_table: defaultdict[tuple[str, str], list[ColumnShape]] = defaultdict(list)
    for row in columns:
        of_table[row.schema, row.table_name].append(_column(row))
    primary: dict[tuple[str, str], tuple[str, ...]] = {}
    foreign: defaultdict[tuple[str, str], list[Reference]] = defaultdict(list)
    for row in keys:
        path = (row.schema, row.table_name)
        if row.kind == "p":
            primary[path] = tuple(row.columns)
        elif len(row.columns) == 1:
            to = (row.to_schema, row.to_table)
            foreign[path].append(Reference(row.columns[0], to, row.to_columns[0]))
    return [
        TableShape(*path, tuple(shapes), primary.get(path, ()), tuple(foreign[path]))
        for path, shapes in of_table.items()
        if _is_showable(path, shapes)
    ]


def _is_showable(path: tuple[str, str], columns: Sequence[ColumnShape]) -> bool:
    # What is printed must be what is run: names that a terminal would hide are left alone.
    return all(name == printable(name) for name in (*path, *(column.name for column in columns)))


def _column(row: Row[Any]) -> ColumnShape:
    kind = _KINDS.get(row.type_name) or _KINDS_OF_CATEGORY.get(row.category, ValueKind.OTHER)
    precision, scale = None, None
    if row.modifier >= 0 and kind is ValueKind.EXACT:
        modifier = row.modifier - _NUMERIC_HEADER
        precision, scale = modifier >> 16, modifier & 0x7FF
    elif row.modifier >= 0 and kind is ValueKind.TIMESTAMP:
        precision = row.modifier
    return ColumnShape(row.name, kind, row.type_name, precision, scale, tuple(row.labels))
