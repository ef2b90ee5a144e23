"""What the database's own catalogue says of tables: one question for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import OID
from sqlalchemy.dialects.postgresql.base import PGDialect

from aegis_batch.adapters.outbound.postgres.catalogue_indexes import (
    catalogue_table,
    has_unique_index,
    leads_a_sorted_index,
)
from aegis_batch.adapters.outbound.postgres.database import Snapshot
from aegis_batch.adapters.outbound.postgres.orders_schema import TableName

__all__ = ["Catalogue", "ColumnType", "TableDescription", "describe", "source_of"]

_MILLISECONDS = 1000
# Tables, partitioned and foreign ones too, and views of both kinds.
_KINDS_WITH_ROWS = ("r", "p", "f", "v", "m")
_STATEMENT_TIMEOUT_MS_MAX = 2_147_483_647


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type below all domains, and whether the role may read the column.

    ``name`` is the name in ``pg_type`` (``int4``, ``timestamptz``, ...); ``category`` is its
    ``typcategory`` (``S`` for text, ``E`` for an enumeration, ...). ``is_unique`` says that a
    constraint keeps values apart, nulls excluded; ``is_indexed`` that an index of a table which is
    stored as one leads to a value's rows, and that it sorts. ``loose_collation`` is the id of a
    collation by which different texts can be equal, and 0 for every other.
    """

    name: str
    category: str
    is_readable: bool
    is_unique: bool
    loose_collation: int
    is_indexed: bool


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table or view with the types of its columns.

    ``rows_estimated`` is the server's own estimate, for which nothing is locked; 0 where it has
    none, as for views.
    """

    name: TableName
    columns: dict[str, ColumnType]
    rows_estimated: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The snapshot's name, and the tables asked for; ``None`` for one that isn't there."""

    snapshot: str
    tables: tuple[TableDescription | None, ...]


def describe(snapshot: Snapshot, names: Sequence[TableName]) -> Catalogue:
    """Look tables up, and set the limits of the transaction on the same way to the server.

    To be called first in a snapshot: it sets the statement time-out, and that floating point
    numbers are written with all their digits, for this transaction alone.
    """
    rows = snapshot.rows(_question(names, snapshot.statement_timeout_seconds))
    described: list[TableDescription | None] = []
    for index, name in enumerate(names):
        of_table = [row for row in rows if row.table_index == index]
        columns = {
            row.column_name: ColumnType(
                row.type_name,
                row.category,
                bool(row.is_readable),
                bool(row.is_unique),
                row.loose_collation,
                bool(row.is_indexed),
            )
            for row in of_table
            if row.column_name is not None
        }
        rows_estimated = max(0, int(of_table[0].reltuples or 0))
        exists = of_table[0].table_oid is not None
        described.append(TableDescription(name, columns, rows_estimated) if exists else None)
    return Catalogue(rows[0].snapshot, tuple(described))


def source_of(table: TableDescription) -> sa.TableClause:
    """Return a described table for use in statements, its names quoted as they stand."""
    return sa.table(
        _quoted(table.name.name),
        *(sa.column(_quoted(name)) for name in table.columns),
        schema=None if table.name.schema is None else _quoted(table.name.schema),
    )


def _quoted(name: str) -> str:
    return sa.sql.quoted_name(name, quote=True)


def _question(names: Sequence[TableName], timeout_seconds: float) -> sa.Select[Any]:
    timeout_ms = max(1, min(_STATEMENT_TIMEOUT_MS_MAX, round(timeout_seconds * _MILLISECONDS)))
    pg_type = catalogue_table("pg_type", "oid typname typtype typcategory typbasetype")
    relation = catalogue_table("pg_class", "oid reltuples")
    settings = sa.select(
        sa.func.set_config("statement_timeout", f"{timeout_ms}ms", sa.true()).label("timeout"),
        sa.func.set_config("extra_float_digits", "1", sa.true()).label("digits"),
        sa.cast(sa.func.pg_current_snapshot(), sa.Text).label("snapshot"),
    ).cte("settings")
    wanted = sa.union_all(
        *(
            sa.select(
                sa.literal(index, sa.Integer).label("table_index"),
                _table_oid(name).label("table_oid"),
            )
            for index, name in enumerate(names)
        )
    ).cte("wanted")
    described = _with_base_types(wanted, pg_type)
    return (
        sa.select(
            settings.c.timeout,
            settings.c.digits,
            settings.c.snapshot,
            wanted.c.table_index,
            wanted.c.table_oid,
            relation.c.reltuples,
            described.c.column_name,
            described.c.is_readable,
            described.c.is_unique,
            described.c.loose_collation,
            described.c.is_indexed,
            sa.cast(pg_type.c.typname, sa.Text).label("type_name"),
            sa.cast(pg_type.c.typcategory, sa.Text).label("category"),
        )
        .select_from(settings)
        .join(wanted, sa.true())
        .outerjoin(relation, relation.c.oid == wanted.c.table_oid)
        .outerjoin(
            described.join(
                pg_type, sa.and_(pg_type.c.oid == described.c.type_oid, pg_type.c.typtype != "d")
            ),
            described.c.table_index == wanted.c.table_index,
        )
    )


def _table_oid(name: TableName) -> sa.ScalarSelect[Any]:
    """Return the id of what goes by a name, unless it is an index, a sequence or the like."""
    relation = catalogue_table("pg_class", "oid relkind")
    named = sa.cast(sa.func.to_regclass(_as_written(name)), OID)
    return (
        sa.select(relation.c.oid)
        .where(relation.c.oid == named, relation.c.relkind.in_(_KINDS_WITH_ROWS))
        .scalar_subquery()
    )


def _with_base_types(wanted: sa.CTE, pg_type: sa.TableClause) -> sa.CTE:
    """Return the columns of tables, with one row more for each domain that a type stands on."""
    attribute = catalogue_table(
        "pg_attribute", "attrelid attname atttypid attnum attisdropped attnotnull attcollation"
    )
    described = (
        sa.select(
            wanted.c.table_index,
            sa.cast(attribute.c.attname, sa.Text).label("column_name"),
            attribute.c.atttypid.label("type_oid"),
            sa.func.has_column_privilege(attribute.c.attrelid, attribute.c.attnum, "SELECT").label(
                "is_readable"
            ),
            sa.and_(attribute.c.attnotnull, has_unique_index(attribute)).label("is_unique"),
            _loose_collation(attribute).label("loose_collation"),
            leads_a_sorted_index(attribute).label("is_indexed"),
        )
        .join(attribute, attribute.c.attrelid == wanted.c.table_oid)
        .where(attribute.c.attnum > 0, ~attribute.c.attisdropped)
        .cte("described", recursive=True)
    )
    return described.union_all(
        sa.select(
            described.c.table_index,
            described.c.column_name,
            pg_type.c.typbasetype,
            described.c.is_readable,
            described.c.is_unique,
            described.c.loose_collation,
            described.c.is_indexed,
        )
        .join(pg_type, pg_type.c.oid == described.c.type_oid)
        .where(pg_type.c.typtype == "d")
    )


def _loose_collation(attribute: sa.TableClause) -> sa.ColumnElement[Any]:
    collation = catalogue_table("pg_collation", "oid collisdeterministic")
    loose = (
        sa.select(sa.cast(collation.c.oid, sa.BigInteger))
        .where(collation.c.oid == attribute.c.attcollation, ~collation.c.collisdeterministic)
        .scalar_subquery()
    )
    return sa.func.coalesce(loose, sa.literal_column("0", sa.BigInteger))


def _as_written(name: TableName) -> str:
    """Return the name as PostgreSQL's ``to_regclass`` wants it; it goes there as a value."""
    # Named parameters, because other styles would double percent signs for the driver.
    dialect = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
    quote = dialect.identifier_preparer.quote_identifier
    parts = (name.name,) if name.schema is None else (name.schema, name.name)
    return ".".join(quote(part) for part in parts)
