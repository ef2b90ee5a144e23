"""In what the orders' tables, as they were found, differ from the settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aegis_batch.adapters.outbound.postgres.catalogue import (
    Catalogue,
    ColumnType,
    TableDescription,
)
from aegis_batch.adapters.outbound.postgres.number_kinds import NUMBER_KINDS
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema

__all__ = ["SchemaFault", "faults_in", "fits"]

_QUANTITIES = frozenset(NUMBER_KINDS) - {"money"}
_IDS_OF_NUMBERS = frozenset({"int2", "int4", "int8", "numeric"})
_IDS_OF_TEXT = frozenset({"text", "varchar", "bpchar", "name"})
_TEXT, _ENUMERATION = "S", "E"
_FIT_OF_CODES = "text, an enumeration or a code"
_NAMES_OF_CODES = frozenset({"int2", "int4", "int8", "uuid"})
# Types of which PostgreSQL can't tell whether two values are the same.
_WITHOUT_EQUALITY = frozenset({"json", "xml", "point", "polygon", "path"})


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """Something in which a table or a column differs from the setting that names it."""

    code: str
    setting: str
    text: str


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
        "AEGIS_ORDERS_TENANT": _FIT_OF_CODES,
    }
    return {s: (name, fits[s]) for s, name in schema.orders_columns().items()}


def _items_needs(schema: OrdersSchema) -> dict[str, tuple[str, str]]:
    fits = {
        "AEGIS_ITEMS_ORDER_ID": "a type whose values can be compared",
        "AEGIS_ITEMS_NAME": _FIT_OF_CODES,
        "AEGIS_ITEMS_TENANT": _FIT_OF_CODES,
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
        case "AEGIS_ITEMS_NAME" | "AEGIS_ORDERS_TENANT" | "AEGIS_ITEMS_TENANT":
            return is_text or column.name in _NAMES_OF_CODES
        case "AEGIS_ITEMS_QUANTITY":
            return column.name in _QUANTITIES
        case "AEGIS_ORDERS_TOTAL" | "AEGIS_ITEMS_UNIT_PRICE":
            return column.name in NUMBER_KINDS
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
