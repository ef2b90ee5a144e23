"""Names of tables and columns are taken as they stand in the database."""

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, TableName
from aegis_batch.domain.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "schema", "name"),
    [
        ("orders", None, "orders"),
        ("Order", None, "Order"),
        ("sales.orders", "sales", "orders"),
        ("order lines", None, "order lines"),
        ('"my.schema"."Order Lines"', "my.schema", "Order Lines"),
        ('"orders"', None, "orders"),
        ('sales."a.b"', "sales", "a.b"),
        ('"say ""hi"""', None, 'say "hi"'),
        ("it's", None, "it's"),
        ("100%", None, "100%"),
    ],
)
def test_a_name_is_taken_as_it_is(text: str, schema: str | None, name: str) -> None:
    assert TableName.parse(text, "AEGIS_ORDERS_TABLE") == TableName(schema, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.",
        ".a",
        "a.b.c",
        '"a',
        'a"b',
        '""',
        '"a"b',
        "x" * 64,
        "é" * 32,
        "a\0b",
        "\ud800",
    ],
)
def test_what_can_not_be_a_name_is_refused_by_its_setting(text: str) -> None:
    with pytest.raises(InvalidRequest, match="AEGIS_ITEMS_TABLE") as caught:
        OrdersSchema(items_table=text)

    assert caught.value.code == "invalid_setting"


@pytest.mark.parametrize(
    ("schema", "setting"),
    [
        ({"order_id": ""}, "AEGIS_ORDERS_ID"),
        ({"placed_at": "x" * 64}, "AEGIS_ORDERS_PLACED_AT"),
        ({"total": ""}, "AEGIS_ORDERS_TOTAL"),
        ({"status": ""}, "AEGIS_ORDERS_STATUS"),
        ({"item_order_id": ""}, "AEGIS_ITEMS_ORDER_ID"),
        ({"item_name": "\0"}, "AEGIS_ITEMS_NAME"),
        ({"item_quantity": ""}, "AEGIS_ITEMS_QUANTITY"),
        ({"item_unit_price": ""}, "AEGIS_ITEMS_UNIT_PRICE"),
    ],
)
def test_a_column_without_a_fit_name_is_refused(schema: dict[str, str], setting: str) -> None:
    with pytest.raises(InvalidRequest, match=setting):
        OrdersSchema(**schema)  # type: ignore[arg-type]


def test_a_column_may_have_a_dot_and_may_stand_in_quotes() -> None:
    schema = OrdersSchema(order_id="order.id", item_name='"Item Name"')

    assert schema.orders_columns()["AEGIS_ORDERS_ID"] == "order.id"
    assert schema.items_columns()["AEGIS_ITEMS_NAME"] == "Item Name"


def test_statuses_need_the_column_that_they_stand_in() -> None:
    with pytest.raises(InvalidRequest, match="AEGIS_ORDERS_STATUS"):
        OrdersSchema(statuses=("paid",))


def test_a_status_that_no_column_can_hold_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="AEGIS_ORDERS_STATUSES"):
        OrdersSchema(status="status", statuses=("pa\0id",))


def test_without_a_total_and_a_status_two_columns_are_read() -> None:
    assert OrdersSchema(total=None).orders_columns() == {
        "AEGIS_ORDERS_ID": "id",
        "AEGIS_ORDERS_PLACED_AT": "created_at",
    }
