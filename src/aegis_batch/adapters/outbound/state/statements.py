"""Statements that more than one table needs, in a form that SQLite and PostgreSQL both take."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Row,
    Select,
    String,
    Table,
    any_,
    literal,
)
from sqlalchemy.dialects import postgresql, sqlite

from aegis_batch.adapters.outbound.state import in_bulk
from aegis_batch.domain.errors import StateMisfit
from aegis_batch.domain.printable import printable

__all__ = ["add_all_new", "add_new", "is_any_of", "put", "read"]

_R = TypeVar("_R")
_UNREADABLE = (ValueError, LookupError, TypeError, ArithmeticError)

# Both say "on conflict" in the same words, but each has a class of its own for them.
_INSERTS: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

Values = Mapping[str, object]


def add_new(connection: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless its primary key is known; say whether it was new."""
    insert = _insert_unless_known(connection.dialect.name, table)
    return connection.execute(insert, values).rowcount == 1


def add_all_new(connection: Connection, table: Table, rows: Sequence[Values]) -> bool:
    """Insert rows unless their primary keys are known; say whether all of them were new.

    Where they weren't, the transaction is to be undone.
    """
    if not rows:
        return True
    if in_bulk.works_on(connection):
        return in_bulk.insert_all_new(connection, table, rows)
    insert = _insert_unless_known(connection.dialect.name, table)
    return connection.execute(insert, rows).rowcount == len(rows)


def put(connection: Connection, table: Table, values: Values | Sequence[Values]) -> None:
    """Insert whole rows, one at least, or write each over the one with its primary key."""
    if in_bulk.works_on(connection) and not isinstance(values, Mapping):
        in_bulk.put_rows(connection, table, values)
        return
    connection.execute(_insert_or_replace(connection.dialect.name, table), values)


# To build a statement takes longer than to run it, and there are only as many as tables.
@cache
def _insert_unless_known(dialect: str, table: Table) -> Insert:
    insert = _INSERTS[dialect](table)
    # An insert forgets with most drivers how many rows it made, unless it is asked to remember.
    return insert.on_conflict_do_nothing(index_elements=list(table.primary_key)).execution_options(
        preserve_rowcount=True
    )


@cache
def _insert_or_replace(dialect: str, table: Table) -> Insert:
    insert = _INSERTS[dialect](table)
    key = list(table.primary_key)
    others = {
        column.name: insert.excluded[column.name] for column in table.c if not column.primary_key
    }
    return insert.on_conflict_do_update(index_elements=key, set_=others)


def is_any_of(
    connection: Connection, column: ColumnElement[str], names: Collection[str]
) -> ColumnElement[bool]:
    """Return the condition that a column holds one of some names.

    On PostgreSQL they are one parameter, whatever their number: a parameter each would be read,
    and planned for, longer than the statement runs.
    """
    if in_bulk.works_on(connection):
        return column == any_(literal(list(names), postgresql.ARRAY(String)))
    return column.in_(names)


def read(
    connection: Connection, select: Select[Any], record_of: Callable[[Row[Any]], _R]
) -> Sequence[_R]:
    """Return what a statement finds, as records.

    Raises ``StateMisfit`` for a row that no program like this one would have written.
    """

    def record(row: Row[Any]) -> _R:
        try:
            return record_of(row)
        except _UNREADABLE as error:
            raise _misfit(select, row) from error

    try:
        return [record(row) for row in connection.execute(select)]
    except _UNREADABLE as error:
        # A value that its column can't hold shows before there is a row.
        raise _misfit(select, None) from error


def _misfit(select: Select[Any], row: Row[Any] | None) -> StateMisfit:
    return StateMisfit(
        "state_unreadable_row",
        f"The state database holds a row that this program can't read{_place(select, row)}.",
        "Write that row as it was in a backup, or put the backup in the place of the state.",
    )


def _place(select: Select[Any], row: Row[Any] | None) -> str:
    """Return in which table a row stands and by which key, as far as that is known."""
    tables = [table for table in select.get_final_froms() if isinstance(table, Table)]
    if not tables:
        return ""
    names = [column.name for column in tables[0].primary_key]
    if row is None or not all(hasattr(row, name) for name in names):
        return f", in the table {tables[0].name}"
    told = ", ".join(f"{name} {getattr(row, name)}" for name in names)
    return f", in the table {tables[0].name}: {printable(told)}"
