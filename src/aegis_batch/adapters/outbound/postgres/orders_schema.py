"""Where a shop keeps its orders: the names of two tables and of their columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["OrdersSchema", "PlacedAtKind", "TableName", "column_name"]

# PostgreSQL cuts a longer identifier off (NAMEDATALEN is 64).
_IDENTIFIER_BYTES_MAX = 63
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_PART = re.compile(r'"(?:[^"]|"")+"|[^."]+')


class PlacedAtKind(StrEnum):
    """What the time column of the orders means.

    ``auto`` goes by the column's type; ``instant`` is a moment (``timestamptz``); ``utc`` and
    ``wall`` are a ``timestamp`` in UTC or in the calendar's time; ``date`` is a business date.
    """

    AUTO = "auto"
    INSTANT = "instant"
    UTC = "utc"
    WALL = "wall"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class TableName:
    """A table's or view's name as it stands in the catalogue, with or without its schema."""

    schema: str | None
    name: str

    @classmethod
    def parse(cls, text: str, setting: str) -> "TableName":
        """Read ``name`` or ``schema.name``; ``setting`` is what it was called by.

        A part is taken as it is, capital letters too. One with a dot or a double quote in it is
        written as in SQL: in double quotes, with a double quote doubled.

        Raises ``InvalidRequest`` where the text is of neither form.
        """
        parts = _PART.findall(text)
        if ".".join(parts) != text or len(parts) not in (1, 2):
            raise _unfit(
                setting, "must be a table's name, or a schema's and a table's: sales.orders"
            )
        names = [_fit(_unquoted(part), setting) for part in parts]
        return cls(names[0] if len(names) > 1 else None, names[-1])

    def __str__(self) -> str:
        """Return the name as a person reads it."""
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class OrdersSchema:
    """The tables and columns that hold orders, by the names of the settings.

    Without ``total`` an order's total is the sum of its lines. ``statuses`` are those that count,
    compared as text; none: all orders count. Without ``tenant`` all orders are one shop's; without
    ``item_tenant`` the ids of orders are kept apart over all tenants.

    Raises ``InvalidRequest`` where a name can't be an identifier.
    """

    orders_table: str = "orders"
    order_id: str = "id"
    tenant: str | None = None
    placed_at: str = "created_at"
    total: str | None = "total"
    status: str | None = None
    statuses: tuple[str, ...] = ()
    placed_at_kind: PlacedAtKind = PlacedAtKind.AUTO
    items_table: str = "order_items"
    item_order_id: str = "order_id"
    item_tenant: str | None = None
    item_name: str = "name"
    item_quantity: str = "quantity"
    item_unit_price: str = "unit_price"

    def __post_init__(self) -> None:
        """Refuse what PostgreSQL could not take as a name."""
        self.orders_name()
        self.items_name()
        self.orders_columns()
        self.items_columns()
        if self.statuses and self.status is None:
            raise _unfit("AEGIS_ORDERS_STATUSES", "needs AEGIS_ORDERS_STATUS, the status's column")
        if self.item_tenant is not None and self.tenant is None:
            raise _unfit("AEGIS_ITEMS_TENANT", "needs AEGIS_ORDERS_TENANT, the orders' own column")
        if any("\0" in status for status in self.statuses):
            raise _unfit("AEGIS_ORDERS_STATUSES", "holds a status that PostgreSQL can't store")

    def orders_name(self) -> TableName:
        """Return the name of the orders' table."""
        return TableName.parse(self.orders_table, "AEGIS_ORDERS_TABLE")

    def items_name(self) -> TableName:
        """Return the name of the lines' table."""
        return TableName.parse(self.items_table, "AEGIS_ITEMS_TABLE")

    def orders_columns(self) -> dict[str, str]:
        """Return the columns that are read of the orders, each by its setting."""
        columns = {
            "AEGIS_ORDERS_ID": self.order_id,
            "AEGIS_ORDERS_PLACED_AT": self.placed_at,
            "AEGIS_ORDERS_TOTAL": self.total,
            "AEGIS_ORDERS_STATUS": self.status,
            "AEGIS_ORDERS_TENANT": self.tenant,
        }
        return _columns(columns)

    def items_columns(self) -> dict[str, str]:
        """Return the columns that are read of the lines, each by its setting."""
        columns = {
            "AEGIS_ITEMS_ORDER_ID": self.item_order_id,
            "AEGIS_ITEMS_NAME": self.item_name,
            "AEGIS_ITEMS_QUANTITY": self.item_quantity,
            "AEGIS_ITEMS_UNIT_PRICE": self.item_unit_price,
            "AEGIS_ITEMS_TENANT": self.item_tenant,
        }
        return _columns(columns)


def _columns(names: Mapping[str, str | None]) -> dict[str, str]:
    return {setting: _column(name, setting) for setting, name in names.items() if name is not None}


def column_name(text: str, setting: str) -> str:
    """Read a column's name, in double quotes or not; ``setting`` is what it was called by.

    Raises ``InvalidRequest`` where it can't be an identifier.
    """
    return _column(text, setting)


def _column(text: str, setting: str) -> str:
    return _fit(_unquoted(text), setting)


def _unquoted(text: str) -> str:
    match = _QUOTED.fullmatch(text)
    return text if match is None else match[1].replace('""', '"')


def _fit(name: str, setting: str) -> str:
    try:
        size_bytes = len(name.encode())
    except UnicodeEncodeError:
        size_bytes = 0
    if not 0 < size_bytes <= _IDENTIFIER_BYTES_MAX or "\0" in name:
        raise _unfit(setting, f"must hold names of 1 to {_IDENTIFIER_BYTES_MAX} bytes of text")
    return name


def _unfit(setting: str, what: str) -> InvalidRequest:
    return InvalidRequest(
        "invalid_setting",
        f"{setting} {what}.",
        "Write names as they stand in the database; one with a dot in it goes in double quotes.",
    )
