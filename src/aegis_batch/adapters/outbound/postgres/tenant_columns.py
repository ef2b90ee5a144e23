"""Whether the columns that tenants are read from are there, and fit."""

from collections.abc import Mapping
from typing import TypeAlias

from aegis_batch.adapters.outbound.postgres.catalogue import TableDescription
from aegis_batch.adapters.outbound.postgres.orders_schema import TableName
from aegis_batch.domain.errors import OrdersMisfit

__all__ = ["Fitting", "checked"]

# For each setting that names a column: the types of ``pg_type`` that fit, and how people call them.
Fitting: TypeAlias = Mapping[str, tuple[frozenset[str], str]]


def checked(
    table: TableDescription | None,
    named: tuple[TableName, str],
    columns: Mapping[str, str],
    fitting: Fitting,
) -> TableDescription:
    """Return a table that is there with all columns that are read of it.

    ``named`` is its name and the setting that names it; ``columns`` are by their settings. Raises
    ``OrdersMisfit``.
    """
    name, setting = named
    if table is None:
        raise OrdersMisfit(
            "missing_table",
            f"The orders' database has no table or view {name} ({setting}).",
            f"Name the right one in {setting}.",
        )
    for column_setting, column_name in columns.items():
        _check(table, column_name, column_setting, fitting)
    return table


def _check(table: TableDescription, column_name: str, setting: str, fitting: Fitting) -> None:
    column = table.columns.get(column_name)
    types, what = fitting[setting]
    if column is None:
        raise OrdersMisfit(
            "missing_column",
            f"{table.name} has no column {column_name} ({setting}).",
            f"Name the right column in {setting}, or make a view that has it.",
        )
    if not column.is_readable:
        raise OrdersMisfit(
            "permission_denied",
            f"The role in DATABASE_URL may not read {table.name}.{column_name} ({setting}).",
            f"GRANT SELECT ON {table.name} to that role.",
        )
    if column.name not in types:
        raise OrdersMisfit(
            "unsupported_column_type",
            f"{table.name}.{column_name} ({setting}) is {column.name}, which is not {what}.",
            "Make a view that casts it, and name the view.",
        )
