"""Which views are suggested for which tables."""

import re

import pytest

from aegis_batch.domain.views.shapes import TableShape
from aegis_batch.domain.views.suggestion import Suggestion, suggest_views
from tests.unit.domain.views.shop_tables import PLAIN_ITEMS, PLAIN_ORDERS, shop, table


def suggested(*tables: TableShape) -> Suggestion:
    suggestion = suggest_views(shop(*tables))
    assert suggestion is not None
    return suggestion


def expression(suggestion: Suggestion, alias: str) -> str:
    """Return the expression that a view calls by a name."""
    found = re.findall(rf"^    (?!--)(.*) AS {alias},?$", suggestion.sql, re.MULTILINE)
    assert len(found) == 1, suggestion.sql
    return str(found[0])


def with_items(**changes: str) -> Suggestion:
    """Return what is suggested for a plain shop with other or more columns of lines."""
    return suggested(
        table("orders", PLAIN_ORDERS),
        table("order_items", {**PLAIN_ITEMS, **changes}, (), order_id="orders.id"),
    )


def with_orders(**changes: str) -> Suggestion:
    columns = {name: kind for name, kind in {**PLAIN_ORDERS, **changes}.items() if kind}
    return suggested(
        table("orders", columns), table("order_items", PLAIN_ITEMS, (), order_id="orders.id")
    )


def test_a_plain_shop_gets_plain_views() -> None:
    suggestion = with_items()

    assert "CREATE SCHEMA IF NOT EXISTS aegis;" in suggestion.sql
    assert (
        "CREATE VIEW aegis.orders AS\n"
        "SELECT\n"
        "    o.id AS id,\n"
        "    -- guess: created_at is taken for the moment of the order\n"
        "    o.created_at AS created_at,\n"
        "    o.total AS total\n"
        "FROM public.orders AS o;" in suggestion.sql
    )
    assert (
        "CREATE VIEW aegis.order_items AS\n"
        "SELECT\n"
        "    i.order_id AS order_id,\n"
        "    i.product_name AS name,\n"
        "    i.quantity AS quantity,\n"
        "    i.unit_price AS unit_price\n"
        "FROM public.order_items AS i;" in suggestion.sql
    )
    assert "GRANT SELECT ON aegis.orders, aegis.order_items TO reader;" in suggestion.sql
    assert suggestion.settings == {
        "AEGIS_ORDERS_TABLE": "aegis.orders",
        "AEGIS_ITEMS_TABLE": "aegis.order_items",
    }


def test_names_come_from_the_products_that_lines_refer_to() -> None:
    suggestion = suggested(
        table(
            "Invoice",
            {"InvoiceId": "int", "InvoiceDate": "timestamp", "Total": "numeric(10,2)"},
            ("InvoiceId",),
        ),
        table(
            "InvoiceLine",
            {"InvoiceId": "int", "TrackId": "int", "UnitPrice": "numeric(10,2)", "Quantity": "int"},
            ("InvoiceLineId",),
            InvoiceId="Invoice.InvoiceId",
            TrackId="Track.TrackId",
        ),
        table("Track", {"TrackId": "int", "Name": "text", "GenreId": "int"}, ("TrackId",)),
    )

    assert expression(suggestion, "name") == 'p."Name"'
    assert (
        'FROM public."InvoiceLine" AS i LEFT JOIN public."Track" AS p'
        ' ON p."TrackId" = i."TrackId";' in suggestion.sql
    )
    assert suggestion.settings["AEGIS_ORDERS_PLACED_AT_KIND"] == "wall"


@pytest.mark.parametrize(("schema", "kind"), [("public", "utc"), ("other", "wall")])
def test_time_stamps_of_rails_are_taken_as_utc(schema: str, kind: str) -> None:
    suggestion = suggested(
        table("ar_internal_metadata", {"key": "text", "value": "text"}, ("key",), schema),
        table("orders", {**PLAIN_ORDERS, "created_at": "timestamp(6)"}),
        table("order_items", PLAIN_ITEMS, (), order_id="orders.id"),
    )

    assert suggestion.settings["AEGIS_ORDERS_PLACED_AT_KIND"] == kind
    assert ("utc (as Rails keeps it)" in suggestion.sql) is (kind == "utc")


def test_references_are_found_by_name_where_none_is_declared() -> None:
    suggestion = suggested(
        table("customers", {"id": "int", "name": "text"}),
        table("orders", {**PLAIN_ORDERS, "customer_id": "int"}),
        table(
            "order_items",
            {"order_id": "int", "product_id": "int", "qty": "int", "price": "numeric(10,2)"},
            (),
        ),
        table("products", {"id": "int", "title": "text"}),
        table("unkeyed", {"note": "text"}, ()),
    )

    assert expression(suggestion, "order_id") == "i.order_id"
    assert expression(suggestion, "name") == "p.title"
    assert expression(suggestion, "quantity") == "i.qty"


def test_a_table_of_products_is_told_from_others_with_a_name() -> None:
    suggestion = suggested(
        table("orders", PLAIN_ORDERS),
        table(
            "order_items",
            {
                "order_id": "int",
                "warehouse_id": "int",
                "product_id": "int",
                "user_id": "int",
                "quantity": "int",
                "price": "numeric(10,2)",
            },
            (),
            order_id="orders.id",
            warehouse_id="warehouses.id",
            product_id="products.id",
            user_id="users.id",
        ),
        table("warehouses", {"id": "int", "name": "text"}),
        table("products", {"id": "int", "name": "text"}),
        table("users", {"id": "int", "name": "text"}),
    )

    assert "LEFT JOIN public.products AS p" in suggestion.sql


@pytest.mark.parametrize(
    ("kind", "price"),
    [
        ("numeric(10,2)", "i.unit_price"),
        ("float", "i.unit_price::text::numeric"),
        ("money", "i.unit_price::numeric"),
        ("int", "i.unit_price"),
    ],
)
def test_a_price_becomes_an_exact_number(kind: str, price: str) -> None:
    assert expression(with_items(unit_price=kind), "unit_price") == price


def test_cents_are_told_by_their_name() -> None:
    suggestion = suggested(
        table("Order", {"id": "int", "createdAt": "timestamp(3)", "totalCents": "int"}),
        table(
            "OrderItem",
            {"orderId": "int", "title": "text", "quantity": "int", "unitPriceCents": "int"},
            (),
            orderId="Order.id",
        ),
    )

    assert expression(suggestion, "total") == 'o."totalCents" * 0.01'
    assert expression(suggestion, "unit_price") == 'i."unitPriceCents" * 0.01'
    assert "taken for cents" not in suggestion.sql
    assert suggestion.settings["AEGIS_ORDERS_PLACED_AT_KIND"] == "utc"


def test_whole_numbers_are_guessed_to_be_cents_where_all_money_is_whole() -> None:
    suggestion = suggested(
        table("orders", {**PLAIN_ORDERS, "total": "int"}),
        table("order_items", {**PLAIN_ITEMS, "unit_price": "int"}, (), order_id="orders.id"),
    )

    assert expression(suggestion, "total") == "o.total * 0.01"
    assert expression(suggestion, "unit_price") == "i.unit_price * 0.01"
    assert "-- guess: total is whole, so it is taken for cents" in suggestion.sql
    assert "-- guess: unit_price is whole, so it is taken for cents" in suggestion.sql


@pytest.mark.parametrize(
    ("name", "kind", "price"),
    [
        ("discount", "float", "i.unit_price * (1 - coalesce(i.discount::text::numeric, 0))"),
        ("discount", "numeric(3,2)", "i.unit_price * (1 - coalesce(i.discount, 0))"),
        ("discount_rate", "numeric", "i.unit_price * (1 - coalesce(i.discount_rate, 0))"),
        ("discount_pct", "int", "i.unit_price * (1 - coalesce(i.discount_pct, 0) * 0.01)"),
        (
            "discount",
            "numeric(10,2)",
            "i.unit_price - coalesce(i.discount, 0) / nullif(i.quantity, 0)",
        ),
        ("discount", "numeric", "i.unit_price - coalesce(i.discount, 0) / nullif(i.quantity, 0)"),
        (
            "discount_cents",
            "int",
            "i.unit_price - coalesce(i.discount_cents * 0.01, 0) / nullif(i.quantity, 0)",
        ),
        (
            "discount_amount",
            "float",
            "i.unit_price - coalesce(i.discount_amount::text::numeric, 0) / nullif(i.quantity, 0)",
        ),
        (
            "valor_desconto",
            "numeric(2,1)",
            "i.unit_price - coalesce(i.valor_desconto, 0) / nullif(i.quantity, 0)",
        ),
        (
            "unit_discount_amount",
            "numeric(10,2)",
            "i.unit_price - coalesce(i.unit_discount_amount, 0)",
        ),
    ],
)
def test_a_discount_is_a_fraction_a_percentage_or_an_amount(
    name: str, kind: str, price: str
) -> None:
    suggestion = with_items(**{name: kind})

    assert expression(suggestion, "unit_price") == price
    assert f"-- guess: {name} is taken for" in suggestion.sql
    assert ("AEGIS_TOTAL_TOLERANCE" in suggestion.settings) == ("nullif" in price)


def test_orders_without_a_total_are_the_sum_of_their_lines() -> None:
    suggestion = with_orders(total="", freight="numeric(10,2)")

    assert suggestion.settings["AEGIS_ORDERS_TOTAL"] == ""
    assert " AS total" not in suggestion.sql


def test_a_discount_of_the_whole_order_is_never_passed_over_in_silence() -> None:
    with_total = with_orders(discount="int")
    from_lines = with_orders(total="", discount="int")
    of_both = suggested(
        table("orders", {"id": "int", "created_at": "timestamptz", "discount": "int"}),
        table(
            "order_items", {**PLAIN_ITEMS, "discount": "numeric(10,2)"}, (), order_id="orders.id"
        ),
    )

    assert "discount, is taken to be off the total already" in with_total.sql
    assert "discount, is not taken off" in from_lines.sql
    assert "discount, is not taken off" in of_both.sql
    assert "discount of a whole order" not in with_orders().sql


def test_tables_that_look_like_orders_too_are_named() -> None:
    crm = (
        table("orders", PLAIN_ORDERS, schema="crm"),
        table("order_items", PLAIN_ITEMS, (), schema="crm", order_id="orders.id"),
    )
    sales = (
        table("orders", PLAIN_ORDERS, schema="shop"),
        table("order_items", PLAIN_ITEMS, (), schema="shop", order_id="orders.id"),
    )

    assert "-- guess: the shop's sales are in crm.orders, and not in shop.orders, which" in (
        suggested(*crm, *sales).sql
    )
    assert "looks" not in suggested(*crm).sql


def test_views_can_be_corrected_and_made_again() -> None:
    made = with_items().sql

    for view in ("aegis.orders", "aegis.order_items"):
        assert f"DROP VIEW IF EXISTS {view};\nCREATE VIEW {view} AS" in made
    assert made.index("BEGIN;") < made.index("DROP VIEW") < made.index("COMMIT;")


def test_what_a_division_could_lose_is_added_up_before_it() -> None:
    columns = {"id": "int", "created_at": "timestamptz"}
    suggestion = suggested(
        table("orders", columns),
        table(
            "order_items", {**PLAIN_ITEMS, "discount": "numeric(10,2)"}, (), order_id="orders.id"
        ),
    )

    assert expression(suggestion, "total") == (
        "coalesce((SELECT sum(i.quantity * i.unit_price - coalesce(i.discount, 0))"
        " FROM public.order_items AS i WHERE i.order_id = o.id), 0)"
    )


def test_an_amount_of_the_line_is_divided_where_there_is_no_price() -> None:
    suggestion = suggested(
        table("orders", PLAIN_ORDERS),
        table(
            "order_items",
            {"order_id": "int", "name": "text", "quantity": "int", "subtotal": "numeric(10,2)"},
            (),
            order_id="orders.id",
        ),
    )

    assert expression(suggestion, "unit_price") == "(i.subtotal) / nullif(i.quantity, 0)"
    assert expression(suggestion, "total") == "o.total"
    assert suggestion.settings["AEGIS_TOTAL_TOLERANCE"] == "0.01"


def test_a_price_may_stand_with_the_product_alone() -> None:
    suggestion = suggested(
        table("orders", PLAIN_ORDERS),
        table(
            "order_items",
            {"order_id": "int", "product_id": "int", "quantity": "int"},
            (),
            order_id="orders.id",
            product_id="products.id",
        ),
        table("products", {"id": "int", "name": "text", "price": "numeric(10,2)"}),
    )

    assert expression(suggestion, "unit_price") == "p.price"
    assert "-- guess: lines keep no price" in suggestion.sql


def test_statuses_that_count_are_guessed_from_an_enumeration() -> None:
    suggestion = with_orders(status="enum(PENDING|PAID|SHIPPED|CANCELLED)")

    assert expression(suggestion, "status") == "o.status::text"
    assert suggestion.settings["AEGIS_ORDERS_STATUS"] == "status"
    assert suggestion.settings["AEGIS_ORDERS_STATUSES"] == "PAID,SHIPPED"


@pytest.mark.parametrize("kind", ["text", "enum(CANCELLED|NEW)", "enum(A|B)", "enum(a,b|NEW)"])
def test_all_orders_count_where_nothing_tells_which(kind: str) -> None:
    suggestion = with_orders(status=kind)

    assert expression(suggestion, "status") == "o.status::text"
    assert "AEGIS_ORDERS_STATUS" not in suggestion.settings
    assert "all orders count" in suggestion.sql


def test_the_column_that_says_when_is_told_from_others_that_do() -> None:
    suggestion = with_orders(
        created_at="", updated_at="timestamptz", order_date="date", shipped_date="date"
    )

    assert expression(suggestion, "created_at") == "o.order_date"
    assert "AEGIS_DAY_START must be 00:00" in suggestion.sql


def test_tables_that_only_mention_orders_are_passed_over() -> None:
    suggestion = suggested(
        table(
            "order_status_history",
            {"id": "int", "created_at": "timestamptz", "total": "numeric(10,2)"},
        ),
        table(
            "order_status_items",
            {
                "order_status_history_id": "int",
                "name": "text",
                "quantity": "int",
                "price": "numeric(10,2)",
            },
            (),
            order_status_history_id="order_status_history.id",
        ),
        table("sales", PLAIN_ORDERS),
        table(
            "sale_lines",
            {"sale_id": "int", "name": "text", "quantity": "int", "price": "numeric(10,2)"},
            (),
            sale_id="sales.id",
        ),
    )

    assert "FROM public.sales AS o;" in suggestion.sql


def test_lines_are_not_taken_for_orders() -> None:
    lines = {**PLAIN_ITEMS, "id": "int", "created_at": "timestamptz"}
    suggestion = suggested(
        table("order_items", lines, order_id="orders.id"),
        table("orders", PLAIN_ORDERS),
        table(
            "order_item_lines",
            {"order_item_id": "int", "name": "text", "quantity": "int", "price": "int"},
            (),
            order_item_id="order_items.id",
        ),
    )

    assert "FROM public.orders AS o;" in suggestion.sql


def test_own_views_are_no_source() -> None:
    own = (
        table("orders", PLAIN_ORDERS, schema="aegis"),
        table("order_items", {**PLAIN_ITEMS, "name": "text"}, (), schema="aegis"),
    )

    assert suggest_views(shop(*own)) is None


@pytest.mark.parametrize(
    "tables",
    [
        (),
        (table("users", {"id": "int", "created_at": "timestamptz"}),),
        # Without lines; without a moment; without a quantity; without a name; without a price.
        (table("orders", PLAIN_ORDERS),),
        (
            table("orders", {"id": "int"}),
            table("order_items", PLAIN_ITEMS, (), order_id="orders.id"),
        ),
        (
            table("orders", PLAIN_ORDERS),
            table("order_items", {"order_id": "int", "name": "text"}, (), order_id="orders.id"),
        ),
        (
            table("orders", PLAIN_ORDERS),
            table(
                "order_items",
                {"order_id": "int", "quantity": "int", "price": "int"},
                (),
                order_id="orders.id",
            ),
        ),
        (
            table("orders", PLAIN_ORDERS),
            table(
                "order_items",
                {"order_id": "int", "quantity": "int", "name": "text"},
                (),
                order_id="orders.id",
            ),
        ),
        (
            table("orders", PLAIN_ORDERS),
            table(
                "order_items",
                {"order_id": "int", "quantity": "int", "product_id": "int"},
                (),
                order_id="orders.id",
                product_id="products.id",
            ),
            table("products", {"id": "int", "name": "text"}),
        ),
        # Something that happens in batches, and has nothing to do with a shop.
        (
            table("measurements", {"id": "int", "created_at": "timestamptz"}),
            table(
                "readings",
                {"measurement_id": "int", "name": "text", "quantity": "int", "price": "int"},
                (),
                measurement_id="measurements.id",
            ),
        ),
        # Lines that refer to themselves alone.
        (
            table(
                "order_items",
                {
                    "id": "int",
                    "order_item_id": "int",
                    "created_at": "date",
                    "name": "text",
                    "quantity": "int",
                    "price": "int",
                },
                order_item_id="order_items.id",
            ),
        ),
    ],
)
def test_where_nothing_looks_like_orders_nothing_is_suggested(
    tables: tuple[TableShape, ...],
) -> None:
    assert suggest_views(shop(*tables)) is None


def test_a_catalogue_that_was_cut_off_is_mentioned() -> None:
    tables = table("orders", PLAIN_ORDERS), table("order_items", PLAIN_ITEMS, ())

    cut_off = suggest_views(shop(*tables, is_whole=False))
    whole = suggest_views(shop(*tables))

    assert cut_off is not None
    assert whole is not None
    assert "-- There are more tables than were looked at." in cut_off.sql
    assert "more tables" not in whole.sql


def test_no_name_breaks_out_of_a_comment_or_of_its_quotes() -> None:
    evil = 'created_at"\n; DROP TABLE orders; --'
    columns = {"id": "int", evil: "timestamptz", "total": "numeric(10,2)"}
    suggestion = suggested(
        table("orders", columns), table("order_items", PLAIN_ITEMS, (), order_id="orders.id")
    )

    told = [line for line in suggestion.sql.splitlines() if "is taken for the moment" in line]
    assert [line.lstrip().startswith("-- ") for line in told] == [True]
    assert 'o."created_at""\n; DROP TABLE orders; --" AS created_at' in suggestion.sql
