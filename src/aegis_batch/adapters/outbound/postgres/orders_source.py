"""The orders' tables as they were found: checked against the settings, ready for statements."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.catalogue import (
    Catalogue,
    TableDescription,
    source_of,
)
from aegis_batch.adapters.outbound.postgres.number_kinds import NUMBER_KINDS, NumberKind
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, PlacedAtKind
from aegis_batch.adapters.outbound.postgres.placed_at import resolve_placed_at
from aegis_batch.adapters.outbound.postgres.schema_faults import SchemaFault, faults_in
from aegis_batch.adapters.outbound.postgres.tenant_column import (
    TenantColumn,
    compared_alike,
    tenant_kind_of,
)
from aegis_batch.domain.errors import OrdersMisfit

__all__ = ["OrdersSource", "find_orders"]


@dataclass(frozen=True, slots=True)
class OrdersSource:
    """Where orders and their lines are, with what statements need to know of the columns.

    ``ids_are_unique`` says that a constraint already keeps order ids apart; ``id_type`` and
    ``item_id_type`` are names in ``pg_type``. ``orders_estimated`` is how many orders
    the server believes in, 0 where it doesn't know. ``lines_are_indexed`` says that an index leads
    from an order's id to its lines. ``tenant`` and ``item_tenant`` say whose an order and a line
    are, where the settings name such columns.
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
    tenant: TenantColumn | None = None
    item_tenant: TenantColumn | None = None

    def orders_column(self, setting: str) -> sa.ColumnClause[Any]:
        """Return a column of the orders by its setting."""
        return self.orders.c[self.schema.orders_columns()[setting]]

    def items_column(self, setting: str) -> sa.ColumnClause[Any]:
        """Return a column of the lines by its setting."""
        return self.items.c[self.schema.items_columns()[setting]]

    @property
    def is_line_of_order(self) -> sa.ColumnElement[bool]:
        """The condition that a line is one of an order's."""
        line_order_id = self.items_column("AEGIS_ITEMS_ORDER_ID")
        is_of_id = line_order_id == self.orders_column("AEGIS_ORDERS_ID")
        if self.tenant is None or self.item_tenant is None:
            return is_of_id
        return sa.and_(is_of_id, self.item_tenant.key == self.tenant.key)

    @property
    def may_share_ids(self) -> bool:
        """Whether orders of two tenants can have one id, so that nobody knows whose a line is."""
        return self.tenant is not None and self.item_tenant is None and not self.ids_are_unique


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
    orders_source, items_source = source_of(orders), source_of(items)
    tenant, item_tenant = compared_alike(
        _tenant_in(orders, orders_source, schema.orders_columns().get("AEGIS_ORDERS_TENANT")),
        _tenant_in(items, items_source, schema.items_columns().get("AEGIS_ITEMS_TENANT")),
    )
    return OrdersSource(
        orders=orders_source,
        items=items_source,
        schema=schema,
        placed_at_kind=resolve_placed_at(schema.placed_at_kind, placed_at.name, schema.placed_at),
        total_kind=None if total is None else NUMBER_KINDS[orders.columns[total].name],
        quantity_kind=_number_kind(items, schema, "AEGIS_ITEMS_QUANTITY"),
        unit_price_kind=_number_kind(items, schema, "AEGIS_ITEMS_UNIT_PRICE"),
        ids_are_unique=order_id.is_unique,
        id_type=order_id.name,
        item_id_type=item_order_id.name,
        orders_estimated=orders.rows_estimated,
        lines_are_indexed=item_order_id.is_indexed,
        tenant=tenant,
        item_tenant=item_tenant,
    )


def _tenant_in(
    table: TableDescription, source: sa.TableClause, name: str | None
) -> TenantColumn | None:
    if name is None:
        return None
    column = table.columns[name]
    kind = tenant_kind_of(column.name, is_loose=column.loose_collation != 0)
    return TenantColumn(source.c[name], kind)


def _number_kind(table: TableDescription, schema: OrdersSchema, setting: str) -> NumberKind:
    return NUMBER_KINDS[table.columns[schema.items_columns()[setting]].name]


def _misfit(faults: list[SchemaFault]) -> OrdersMisfit:
    codes = [code for code in _REMEDIES if any(fault.code == code for fault in faults)]
    return OrdersMisfit(
        codes[0],
        "The orders' database is not as the settings say: "
        + "; ".join(fault.text for fault in faults)
        + ".",
        " ".join(_REMEDIES[code] for code in codes),
    )
