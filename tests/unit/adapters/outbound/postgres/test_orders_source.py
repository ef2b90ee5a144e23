"""Ids are joined only where both columns mean the same by equal."""

import pytest

from aegis_batch.adapters.outbound.postgres.catalogue import (
    Catalogue,
    ColumnType,
    TableDescription,
)
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, TableName
from aegis_batch.adapters.outbound.postgres.orders_source import find_orders
from aegis_batch.domain.errors import OrdersMisfit

CASELESS, ACCENTLESS = 16_401, 16_402


def column(name: str, category: str = "N", loose_collation: int = 0) -> ColumnType:
    return ColumnType(
        name,
        category,
        is_readable=True,
        is_unique=False,
        loose_collation=loose_collation,
        is_indexed=False,
    )


def catalogue_of(order_id: ColumnType, item_order_id: ColumnType) -> Catalogue:
    orders = {
        "id": order_id,
        "created_at": column("timestamptz", "D"),
        "total": column("numeric"),
    }
    items = {
        "order_id": item_order_id,
        "name": column("text", "S"),
        "quantity": column("int4"),
        "unit_price": column("numeric"),
    }
    return Catalogue(
        "1:1:",
        (
            TableDescription(TableName(None, "orders"), orders, 0),
            TableDescription(TableName(None, "order_items"), items, 0),
        ),
    )


@pytest.mark.parametrize(("left", "right"), [(CASELESS, 0), (0, CASELESS), (CASELESS, ACCENTLESS)])
def test_collations_that_disagree_on_what_is_equal_are_refused(left: int, right: int) -> None:
    catalogue = catalogue_of(column("text", "S", left), column("text", "S", right))

    with pytest.raises(OrdersMisfit, match="can't be compared for their collations"):
        find_orders(catalogue, OrdersSchema())


def test_ids_of_one_collation_are_joined() -> None:
    catalogue = catalogue_of(column("text", "S", CASELESS), column("varchar", "S", CASELESS))

    assert not find_orders(catalogue, OrdersSchema()).ids_are_unique
