"""The form in which the server hands totals over, whichever statement has added them up."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

__all__ = [
    "CODE_POINTS",
    "PART_BROKEN",
    "PART_DAY",
    "PART_DUPLICATES",
    "PART_ITEMS",
    "PART_ORDERS",
    "id_as_text",
    "part_of_rows",
    "rank_of_id",
]

# Orders with their sums, by what is wrong with them.
PART_ORDERS: Final = "orders"
# Or else: the sums of all orders, and the broken ones beside them, without sums.
PART_DAY: Final = "day"
PART_BROKEN: Final = "broken"
PART_ITEMS: Final = "items"
PART_DUPLICATES: Final = "duplicates"

CODE_POINTS: Final = "C"

_COLUMN_TYPES: Final[dict[str, type[TypeEngine[Any]]]] = {
    "key": sa.Text,
    "bits": sa.Integer,
    "orders": sa.BigInteger,
    "lines": sa.BigInteger,
    "amount": sa.Text,
}


def part_of_rows(name: str, columns: Mapping[str, sa.ColumnElement[Any]]) -> sa.Select[Any]:
    """Return a SELECT of rows of one part.

    Columns: ``part``; ``key``, an order id or an item's name; ``bits``, findings folded into one
    number; ``orders`` and ``lines``, counts; ``amount``, a sum as text. What is not given is null.
    """
    return sa.select(
        sa.literal(name, sa.Text).label("part"),
        *(
            sa.cast(columns.get(column, sa.null()), sql_type).label(column)
            for column, sql_type in _COLUMN_TYPES.items()
        ),
    )


def rank_of_id(
    order_id: sa.ColumnElement[Any], within: sa.ColumnElement[Any] | None
) -> sa.ColumnElement[int]:
    """Number ids as the domain ranks them: shorter ones first, then by code point."""
    by = (sa.func.length(order_id), order_id)
    return sa.func.row_number().over(partition_by=within, order_by=by)


def id_as_text(order_id: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Return an id as text that sorts by code point; a null is empty."""
    return sa.collate(sa.func.coalesce(sa.cast(order_id, sa.Text), ""), CODE_POINTS)
