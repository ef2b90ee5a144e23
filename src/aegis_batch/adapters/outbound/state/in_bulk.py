"""Many rows by one statement, on PostgreSQL.

Its driver would send a statement for each, and where nothing may be prepared, since a pooler may
stand in between, the server would read and plan each of them anew. New rows are copied; rows that
may be there already are one parameter, as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from typing import cast as cast_type

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    FromClause,
    Insert,
    Select,
    Table,
    Text,
    Update,
    bindparam,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    import psycopg

__all__ = ["insert_all_new", "insert_rows", "put_rows", "update_rows", "works_on"]

Values = Mapping[str, object]


def works_on(connection: Connection) -> bool:
    """Say whether a database takes rows so."""
    return connection.dialect.name == "postgresql"


def insert_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, one at least, that all have the same columns."""
    names = _names(rows)
    quoted = connection.dialect.identifier_preparer.quote
    into = f"{quoted(table.name)} ({', '.join(map(quoted, names))})"
    driver = cast_type("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row([_checked(row[name]) for name in names])


def insert_all_new(connection: Connection, table: Table, rows: Sequence[Values]) -> bool:
    """Insert rows unless a primary key is known; say whether they are there now.

    Where they aren't, the transaction is good for nothing more.
    """
    from psycopg.errors import UniqueViolation  # noqa: PLC0415 - a file needs no such driver

    try:
        insert_rows(connection, table, rows)
    except UniqueViolation:
        return False
    return True


def put_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert whole rows, or write each over the one with its primary key; no key comes twice."""
    connection.execute(_insert_or_replace(table, _names(rows)), _text(rows))


def update_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> int:
    """Write whole rows over those with their primary keys; return how many were there."""
    return connection.execute(_update(table, _names(rows)), _text(rows)).rowcount


def _names(rows: Sequence[Values]) -> tuple[str, ...]:
    return tuple(rows[0])


def _text(rows: Sequence[Values]) -> dict[str, str]:
    return {"rows": json.dumps(rows, ensure_ascii=False, default=_plain)}


def _checked(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(value)
    return value


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(value)
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _given(table: Table, names: tuple[str, ...]) -> FromClause:
    """Return the rows of the statement's one parameter as a table."""
    columns: list[Column[object]] = [Column(name, table.c[name].type) for name in names]
    as_json = cast(bindparam("rows", type_=Text), JSON)
    given = func.json_to_recordset(as_json).table_valued(*columns, name="given")
    return given.render_derived(with_types=True)


def _rows(table: Table, names: tuple[str, ...]) -> Select[tuple[object, ...]]:
    given = _given(table, names)
    return select(*(given.c[name] for name in names))


# To build a statement takes longer than to run it, and there are only as many as tables.
@cache
def _insert_or_replace(table: Table, names: tuple[str, ...]) -> Insert:
    insert = postgresql.insert(table).from_select(names, _rows(table, names))
    others = {
        column.name: insert.excluded[column.name] for column in table.c if not column.primary_key
    }
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


@cache
def _update(table: Table, names: tuple[str, ...]) -> Update:
    given = _given(table, names)
    key = [column.name for column in table.primary_key]
    return (
        update(table)
        .where(*(table.c[name] == given.c[name] for name in key))
        .values({name: given.c[name] for name in names if name not in key})
    )
