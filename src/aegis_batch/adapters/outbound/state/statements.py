"""Statements that more than one table needs, in a form that SQLite and PostgreSQL both take."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table
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
    insert = _INSERTS[connection.dialect.name](table).on_conflict_do_nothing(
        index_elements=list(table.primary_key)
    )
    return connection.execute(insert, values).rowcount == 1


def put(connection: Connection, table: Table, values: Values) -> None:
    """Insert a row, or write it over the one with its primary key."""
    insert = _INSERTS[connection.dialect.name](table)
    changed = {name: insert.excluded[name] for name in values if name not in table.primary_key}
    key = list(table.primary_key)
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=changed), values)


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
