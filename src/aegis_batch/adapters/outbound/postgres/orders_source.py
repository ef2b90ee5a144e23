"""The orders' tables as they were found: checked against the settings, ready for statements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.catalogue import (
    Catalogue,
    ColumnType,
    TableDescription,
    source_of,
)
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, PlacedAtKind
from aegis_batch.adapters.outbound.postgres.placed_at import resolve_placed_at
from aegis_batch.domain.errors import OrdersMisfit

__all__ = ["NumberKind", "OrdersSource", "SchemaFault", "faults_in", "find_orders", "fits"]


class NumberKind(Enum):
    """How the numbers of a column are kept, which decides how they are made exact."""

    WHOLE = auto()
    EXACT = auto()
    MONEY = auto()
    FLOAT = auto()


_NUMBERS = {
    "int2": NumberKind.WHOLE,
    "int4": NumberKind.WHOLE,
    "int8": NumberKind.WHOLE,
    "numeric": NumberKind.EXACT,
    "money": NumberKind.MONEY,
    "float4": NumberKind.FLOAT,
    "float8": NumberKind.FLOAT,
}
_QUANTITIES = frozenset(_NUMBERS) - {"money"}
_IDS_OF_NUMBERS = frozenset({"int2", "int4", "int8", "numeric"})
_IDS_OF_TEXT = frozenset({"text", "varchar", "bpchar", "name"})
_TEXT, _ENUMERATION = "S", "E"
_NAMES_OF_CODES = frozenset({"int2", "int4", "int8", "uuid"})
# Types of which PostgreSQL can't tell whether two values are the same.
_WITHOUT_EQUALITY = frozenset({"json", "xml", "point", "polygon", "path"})


@dataclass(frozen=True, slots=True)
class OrdersSource:
    """Where orders and their lines are, with what statements need to know of the columns.

    ``ids_are_unique`` says that a constraint already keeps order ids apart; ``id_type`` and
    ``item_id_type`` are names in ``pg_type``. ``orders_estimated`` is how many orders
    the server believes in, 0 where it doesn't know. ``lines_are_indexed`` says that an index leads
    from an order's id to its lines.
    """

    orders: sa.TableClause
    items: sa.TableClause
    schema: "OrdersSchema"
    placed_at_kind: PlacedAtKind
    total_kind: NumberKind | None
    quantity_kind: NumberKind
    unit_price_kind: NumberKind
    ids_are_unique: bool
    id_type: str
    item_id_type: str
    orders_estimated: int
    lines_are_indexed: bool

    def orders_column(self, setting: str) -> sa.ColumnClause[Any]:
        """Return a column of the orders by its setting."""
        return self.orders.c[self.schema.orders_columns()[setting]]

    def items_column(self, setting: str) -> sa.ColumnClause[Any]:
        """Return a column of the lines by its setting."""
        return self.items.c[self.schema.items_columns()[setting]]


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """Something in which a table or a column differs from the setting that names it."""

    code: str
    setting: str
    text: str


_REMEDIES = {
    "missing_table": "Name the right tables in these settings.",
    "missing_column": "Name the right columns in these settings, or make a view that has them.",
    "permission_denied": "GRANT SELECT on both tables to the role in DATABASE_URL.",
    "unsupported_column_type": "Make a view that casts what doesn't fit, and name the view.",
}


def find_orders(catalogue: Catalogue, schema: OrdersSchema) -> OrdersSource:
    """Return the source of the orders out of a catalogue of both tables, orders first.

    Raises ``OrdersMisfit``, which names all that is missing or doesn't fit, by setting and name,
    and ``InvalidRequest`` where the settings don't say what the time column means.
    """
    orders, items = catalogue.tables
    faults = faults_in(catalogue, schema)
    if faults or orders is None or items is None:
        raise _misfit(faults)
    order_id = orders.columns[schema.orders_columns()["AEGIS_ORDERS_ID"]]
    item_order_id = items.columns[schema.items_columns()["AEGIS_ITEMS_ORDER_ID"]]
    placed_at = orders.columns[schema.orders_columns()["AEGIS_ORDERS_PLACED_AT"]]
    total = schema.orders_columns().get("AEGIS_ORDERS_TOTAL")
    return OrdersSource(
        orders=source_of(orders),
        items=source_of(items),
        schema=schema,
        placed_at_kind=resolve_placed_at(schema.placed_at_kind, placed_at.name, schema.placed_at),
        total_kind=None if total is None else _NUMBERS[orders.columns[total].name],
        quantity_kind=_number_kind(items, schema, "AEGIS_ITEMS_QUANTITY"),
        unit_price_kind=_number_kind(items, schema, "AEGIS_ITEMS_UNIT_PRICE"),
        ids_are_unique=order_id.is_unique,
        id_type=order_id.name,
        item_id_type=item_order_id.name,
        orders_estimated=orders.rows_estimated,
        lines_are_indexed=item_order_id.is_indexed,
    )


def faults_in(catalogue: Catalogue, schema: OrdersSchema) -> list[SchemaFault]:
    """Return all in which a catalogue of both tables, orders first, differs from the settings."""
    orders, items = catalogue.tables
    faults = [
        *_faults_of("AEGIS_ORDERS_TABLE", str(schema.orders_name()), orders, _orders_needs(schema)),
        *_faults_of("AEGIS_ITEMS_TABLE", str(schema.items_name()), items, _items_needs(schema)),
    ]
    if faults or orders is None or items is None:
        return faults
    order_id = orders.columns[schema.orders_columns()["AEGIS_ORDERS_ID"]]
    item_order_id = items.columns[schema.items_columns()["AEGIS_ITEMS_ORDER_ID"]]
    if _are_comparable(order_id, item_order_id):
        return []
    return [_apart(schema, order_id, item_order_id)]


def _orders_needs(schema: OrdersSchema) -> dict[str, tuple[str, str]]:
    fits = {
        "AEGIS_ORDERS_ID": "a type whose values can be compared",
        "AEGIS_ORDERS_PLACED_AT": "timestamptz, timestamp or date",
        "AEGIS_ORDERS_TOTAL": "a number",
        "AEGIS_ORDERS_STATUS": "text or an enumeration",
    }
    return {s: (name, fits[s]) for s, name in schema.orders_columns().items()}


def _items_needs(schema: OrdersSchema) -> dict[str, tuple[str, str]]:
    fits = {
        "AEGIS_ITEMS_ORDER_ID": "a type whose values can be compared",
        "AEGIS_ITEMS_NAME": "text, an enumeration or a code",
        "AEGIS_ITEMS_QUANTITY": "a number",
        "AEGIS_ITEMS_UNIT_PRICE": "a number",
    }
    return {s: (name, fits[s]) for s, name in schema.items_columns().items()}


def _faults_of(
    setting: str,
    table_name: str,
    table: TableDescription | None,
    needs: Mapping[str, tuple[str, str]],
) -> Iterator[SchemaFault]:
    if table is None:
        yield SchemaFault(
            "missing_table", setting, f"{table_name} ({setting}) is no table or view there"
        )
        return
    for column_setting, (name, fit) in needs.items():
        column = table.columns.get(name)
        where = f"{table_name}.{name} ({column_setting})"
        if column is None:
            yield SchemaFault("missing_column", column_setting, f"{where} is no column there")
        elif not column.is_readable:
            yield SchemaFault("permission_denied", column_setting, f"{where} may not be read")
        elif not fits(column_setting, column):
            text = f"{where} is {column.name}, not {fit}"
            yield SchemaFault("unsupported_column_type", column_setting, text)


def fits(setting: str, column: ColumnType) -> bool:
    """Say whether a column's type can be what a setting names."""
    is_text = column.category in (_TEXT, _ENUMERATION)
    match setting:
        case "AEGIS_ORDERS_PLACED_AT":
            return column.name in ("timestamptz", "timestamp", "date")
        case "AEGIS_ORDERS_STATUS":
            return is_text or column.name in _NAMES_OF_CODES or column.name == "bool"
        case "AEGIS_ITEMS_NAME":
            return is_text or column.name in _NAMES_OF_CODES
        case "AEGIS_ITEMS_QUANTITY":
            return column.name in _QUANTITIES
        case "AEGIS_ORDERS_TOTAL" | "AEGIS_ITEMS_UNIT_PRICE":
            return column.name in _NUMBERS
        case _:
            return column.name not in _WITHOUT_EQUALITY


def _are_comparable(left: ColumnType, right: ColumnType) -> bool:
    """Say whether ids can be compared, and are the same by both columns' own equality."""
    if left.loose_collation != right.loose_collation:
        return False
    return (
        left.name == right.name
        or (left.name in _IDS_OF_TEXT and right.name in _IDS_OF_TEXT)
        or (left.name in _IDS_OF_NUMBERS and right.name in _IDS_OF_NUMBERS)
    )


def _apart(schema: OrdersSchema, order_id: ColumnType, item_order_id: ColumnType) -> SchemaFault:
    tail = " for their collations" if order_id.name == item_order_id.name else ""
    return SchemaFault(
        "unsupported_column_type",
        "AEGIS_ITEMS_ORDER_ID",
        f"{schema.orders_name()}.{schema.order_id} (AEGIS_ORDERS_ID) is {order_id.name} and"
        f" {schema.items_name()}.{schema.item_order_id} (AEGIS_ITEMS_ORDER_ID) is"
        f" {item_order_id.name}, which can't be compared{tail}",
    )


def _number_kind(table: TableDescription, schema: OrdersSchema, setting: str) -> NumberKind:
    return _NUMBERS[table.columns[schema.items_columns()[setting]].name]


def _misfit(faults: list[SchemaFault]) -> OrdersMisfit:
    codes = [code for code in _REMEDIES if any(fault.code == code for fault in faults)]
    return OrdersMisfit(
        codes[0],
        "The orders' database is not as the settings say: "
        + "; ".join(fault.text for fault in faults)
        + ".",
        " ".join(_REMEDIES[code] for code in codes),
    )
