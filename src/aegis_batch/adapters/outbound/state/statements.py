"""Statements that more than one table needs, in a form that SQLite and PostgreSQL both take."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, Row, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

from aegis_batch.domain.errors import StateMisfit

__all__ = ["add_new", "put", "read"]

_R = TypeVar("_R")

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


def put(connection: Connection, table: Table, values: Values | Sequence[Values]) -> None:
    """Insert whole rows, one at least, or write each over the one with its primary key."""
    connection.execute(_insert_or_replace(connection.dialect.name, table), values)


# To build a statement takes longer than to run it, and there are only as many as tables.
@cache
def _insert_unless_known(dialect: str, table: Table) -> Insert:
    insert = _INSERTS[dialect](table)
    return insert.on_conflict_do_nothing(index_elements=list(table.primary_key))


@cache
def _insert_or_replace(dialect: str, table: Table) -> Insert:
    insert = _INSERTS[dialect](table)
    key = list(table.primary_key)
    others = {
        column.name: insert.excluded[column.name] for column in table.c if not column.primary_key
    }
    return insert.on_conflict_do_update(index_elements=key, set_=others)


def read(
    connection: Connection, select: Select[Any], record_of: Callable[[Row[Any]], _R]
) -> Sequence[_R]:
    """Return what a statement finds, as records.

    Raises ``StateMisfit`` for a row that no program like this one would have written.
    """
    return _records(connection.execute(select), record_of)


def _records(rows: Iterable[Row[Any]], record_of: Callable[[Row[Any]], _R]) -> list[_R]:
    try:
        return [record_of(row) for row in rows]
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise StateMisfit(
            "state_unreadable_row",
            "The state database holds a row that this program can't read.",
            "Put the file of a backup in its place, or start with a new one: days that are closed"
            " are known by the Backend.",
        ) from error
