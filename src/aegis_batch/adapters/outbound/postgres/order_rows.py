"""The form in which the server hands totals over, whichever statement has added them up."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

__all__ = [
    "CODE_POINTS",
    "PART_BROKEN",
    "PART_DAY",
    "PART_DUPLICATES",
    "PART_ITEMS",
    "PART_ITEM_LISTS",
    "PART_ORDERS",
    "id_as_text",
    "items_part",
    "part_of_rows",
    "rank_of_id",
]

# Orders with their sums, by what is wrong with them.
PART_ORDERS: Final = "orders"
# Or else: the sums of all orders, and the broken ones beside them, without sums.
PART_DAY: Final = "day"
PART_BROKEN: Final = "broken"
PART_ITEMS: Final = "items"
# All items of a tenant in one row: of many tenants there are too many to have one each.
PART_ITEM_LISTS: Final = "item_lists"
PART_DUPLICATES: Final = "duplicates"

CODE_POINTS: Final = "C"

_COLUMN_TYPES: Final[dict[str, type[TypeEngine[Any]]]] = {
    "tenant": sa.Text,
    "key": sa.Text,
    "bits": sa.Integer,
    "orders": sa.BigInteger,
    "lines": sa.BigInteger,
    "amount": sa.Text,
}


def part_of_rows(name: str, columns: Mapping[str, sa.ColumnElement[Any]]) -> sa.Select[Any]:
    """Return a SELECT of rows of one part.

    Columns: ``part``; ``tenant``, null where all is of one; ``key``, an order id or an item's name;
    ``bits``, findings folded into one number; ``orders`` and ``lines``, counts; ``amount``, a sum
    as text. What is not given is null.
    """
    return sa.select(
        sa.literal(name, sa.Text).label("part"),
        *(
            sa.cast(columns.get(column, sa.null()), sql_type).label(column)
            for column, sql_type in _COLUMN_TYPES.items()
        ),
    )


def items_part(
    named: sa.Subquery, keys: Sequence[str], quantity: str = "quantity"
) -> sa.Select[Any]:
    """Return quantities by raw names, of which each stands once in ``named``, or once a tenant.

    A row has a name and its quantity. Where there are ``keys``, it has all of a tenant instead, as
    two lists in JSON with as many elements.
    """
    amount = sa.cast(named.c[quantity], sa.Text)
    if not keys:
        return part_of_rows(PART_ITEMS, {"key": named.c.name, "amount": amount})
    of_whom = {key: named.c[key] for key in keys}
    lists = {"key": sa.func.json_agg(named.c.name), "amount": sa.func.json_agg(amount)}
    return (
        part_of_rows(PART_ITEM_LISTS, {**of_whom, **lists})
        .select_from(named)
        .group_by(*of_whom.values())
    )


def rank_of_id(
    order_id: sa.ColumnElement[Any], within: Sequence[sa.ColumnElement[Any]]
) -> sa.ColumnElement[int]:
    """Number ids as the domain ranks them: shorter ones first, then by code point.

    They are numbered anew for each group ``within``.
    """
    by = (sa.func.length(order_id), order_id)
    return sa.func.row_number().over(partition_by=within or None, order_by=by)


def id_as_text(order_id: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Return an id as text that sorts by code point; a null is empty."""
    return sa.collate(sa.func.coalesce(sa.cast(order_id, sa.Text), ""), CODE_POINTS)
