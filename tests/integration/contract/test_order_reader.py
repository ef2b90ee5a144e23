"""What every reader of orders promises, over orders in memory and in PostgreSQL."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.order_summing import LARGE_DAY_ORDERS
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.ports.order_reader import READ_TENANTS_MAX, OrderReader
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals
from tests.servers.postgres import Database

ZONE = "America/Sao_Paulo"
WINDOW = Calendar(load_zone(ZONE), ZONE).window(date(2026, 11, 21))
NOON = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
CENTS = Decimal("0.00")

# Makes a reader of the orders given, of which those of the statuses count.
Open = Callable[[list[PlacedOrder], tuple[str, ...]], OrderReader]

_EXACT = ("text", "numeric", "numeric")
_FLOATS = ("bigint", "real", "double precision")
_KEYED = ("integer PRIMARY KEY", "numeric", "numeric(38, 4)")


def _in_memory(orders: list[PlacedOrder], statuses: tuple[str, ...]) -> OrderReader:
    return InMemoryOrderReader(orders, statuses)


def _in_postgres(
    database: Database,
    types: tuple[str, str, str],
    total: str | None,
    large_day_orders: int = LARGE_DAY_ORDERS,
    item_tenant: str | None = None,
) -> Open:
    def open_reader(orders: list[PlacedOrder], statuses: tuple[str, ...]) -> OrderReader:
        _fill(database, orders, types)
        schema = OrdersSchema(
            total=total,
            status="status",
            statuses=statuses,
            tenant="tenant",
            item_tenant=item_tenant,
        )
        orders_database = OrdersDatabase(parse_database_url(database.dsn()))
        return PostgresOrderReader(orders_database, schema, large_day_orders=large_day_orders)

    return open_reader


def _fill(database: Database, orders: list[PlacedOrder], types: tuple[str, str, str]) -> None:
    key, quantity, amount = types
    with database.connect() as connection:
        connection.execute(
            f"CREATE TABLE orders (id {key}, created_at timestamptz, total {amount}, status text,"
            " tenant text);"
            f"CREATE TABLE order_items (order_id {key.split()[0]}, name text,"
            f" quantity {quantity}, unit_price {amount}, tenant text)".encode()
        )
        for placed in orders:
            connection.execute(
                "INSERT INTO orders VALUES (%s, %s, %s, %s, %s)",
                (
                    placed.order.id,
                    placed.placed_at,
                    placed.order.total,
                    placed.status,
                    placed.tenant,
                ),
            )
        # Lines belong to a tenant's id, so orders with the same id share them.
        for placed in {(placed.tenant, placed.order.id): placed for placed in orders}.values():
            for line in placed.order.lines:
                connection.execute(
                    "INSERT INTO order_items VALUES (%s, %s, %s, %s, %s)",
                    (placed.order.id, line.name, line.quantity, line.unit_price, placed.tenant),
                )
        connection.execute("ANALYZE orders")


@pytest.fixture(params=["memory", "postgres", "postgres with floats"])
def open_reader(request: pytest.FixtureRequest) -> Open:
    """Each way to keep orders that may stand twice."""
    if request.param == "memory":
        return _in_memory
    database: Database = request.getfixturevalue("database")
    return _in_postgres(database, _FLOATS if "floats" in request.param else _EXACT, "total")


@pytest.fixture(params=["memory", "postgres", "postgres in ranges of ids"])
def open_keyed(request: pytest.FixtureRequest) -> Open:
    """Each way to keep orders that a primary key keeps apart."""
    if request.param == "memory":
        return _in_memory
    large_day_orders = 1 if "ranges" in request.param else LARGE_DAY_ORDERS
    return _in_postgres(request.getfixturevalue("database"), _KEYED, "total", large_day_orders)


@pytest.fixture(params=["memory", "postgres"])
def open_without_totals(request: pytest.FixtureRequest) -> Open:
    """Each way to keep orders of a shop that keeps no totals."""
    if request.param == "memory":
        return _in_memory
    return _in_postgres(request.getfixturevalue("database"), _EXACT, None)


@pytest.fixture(params=["memory", "postgres"])
def open_with_own_ids(request: pytest.FixtureRequest) -> Open:
    """Each way to keep orders whose ids are a tenant's own, and lines that say whose they are."""
    if request.param == "memory":
        return _in_memory
    return _in_postgres(request.getfixturevalue("database"), _EXACT, "total", item_tenant="tenant")


def line(name: str | None, quantity: str | None = "1", price: str | None = "2.50") -> OrderLine:
    return OrderLine(
        name,
        None if quantity is None else Decimal(quantity),
        None if price is None else Decimal(price),
    )


def placed(  # noqa: PLR0913, PLR0917 - all that can be said of an order
    key: str,
    total: str | None = "2.50",
    lines: Iterable[OrderLine] = (line("Soup"),),
    at: datetime = NOON,
    status: str | None = None,
    tenant: str = SINGLE,
) -> PlacedOrder:
    own = None if total is None else Decimal(total)
    return PlacedOrder(at, Order(key, own, tuple(lines)), status, tenant)


def totals(reader: OrderReader, tolerance: Decimal = CENTS) -> Totals:
    return Totals.sum(reader.read(SINGLE, WINDOW, tolerance).parts)


def each(reader: OrderReader, *tenants: str) -> dict[str, Totals]:
    readings = reader.read_each(tenants, WINDOW, CENTS)
    return {tenant: Totals.sum(reading.parts) for tenant, reading in readings.items()}


def test_orders_of_the_window_are_added_up_with_their_lines(open_reader: Open) -> None:
    lines = (line("Soup", "2", "1.25"), line("Tea", "3", "0.50"))

    read = totals(open_reader([placed("1", "4.00", lines), placed("2")], ()))

    assert (read.orders, read.lines, read.revenue) == (2, 3, Decimal("6.50"))
    assert read.items == {"Soup": 3, "Tea": 3}
    assert read.tallies == {}


def test_a_window_holds_its_start_and_not_its_end(open_reader: Open) -> None:
    orders = [
        placed("1", at=WINDOW.start - TICK),
        placed("2", at=WINDOW.start),
        placed("3", at=WINDOW.end - TICK),
        placed("4", at=WINDOW.end),
    ]
    # A broken total tells which of them were read.
    broken = [
        PlacedOrder(p.placed_at, Order(p.order.id, Decimal(-1), p.order.lines)) for p in orders
    ]

    read = totals(open_reader(broken, ()))

    assert read.tallies[Finding.NEGATIVE_TOTAL] == Tally(2, ("2", "3"))
    assert read.lines == 2


def test_a_day_without_orders_adds_up_to_nothing(open_reader: Open) -> None:
    assert totals(open_reader([placed("1", at=WINDOW.end)], ())) == Totals()


def test_a_shop_without_orders_adds_up_to_nothing(open_reader: Open) -> None:
    assert totals(open_reader([], ())) == Totals()


def test_a_day_that_a_zone_jumped_over_adds_up_to_nothing(open_reader: Open) -> None:
    apia = Calendar(load_zone("Pacific/Apia"), "Pacific/Apia").window(date(2011, 12, 30))
    reader = open_reader([placed("1", at=apia.start), placed("2", at=apia.start - TICK)], ())

    assert Totals.sum(reader.read(SINGLE, apia, CENTS).parts) == Totals()


def test_all_orders_count_where_no_status_is_named(open_reader: Open) -> None:
    reader = open_reader([placed("1", status="paid"), placed("2", status=None)], ())

    assert totals(reader).orders == 2


def test_only_orders_of_the_statuses_named_count(open_reader: Open) -> None:
    statuses = ("paid", "sent out", "it's % done")
    orders = [placed(str(key), status=status) for key, status in enumerate(statuses)]
    others = [placed("7", status="Paid"), placed("8", status=None), placed("9", status="")]

    read = totals(open_reader([*orders, *others], statuses))

    assert (read.orders, read.lines) == (3, 3)


FAULTS: list[tuple[str | None, tuple[OrderLine, ...], set[Finding]]] = [
    ("2.50", (line("Soup"),), set()),
    ("-2.50", (line("Soup"),), {Finding.NEGATIVE_TOTAL, Finding.LINE_TOTAL_MISMATCH}),
    ("-0.00", (line("Soup", price="0"),), set()),
    (None, (line("Soup"),), {Finding.INVALID_NUMBER}),
    ("NaN", (line("Soup"),), {Finding.INVALID_NUMBER}),
    ("Infinity", (line("Soup"),), {Finding.INVALID_NUMBER}),
    ("-Infinity", (line("Soup"),), {Finding.INVALID_NUMBER}),
    ("2.50", (line("Soup", None),), {Finding.INVALID_NUMBER}),
    ("2.50", (line("Soup", "NaN"),), {Finding.INVALID_NUMBER}),
    ("2.50", (line("Soup", "-Infinity"),), {Finding.INVALID_NUMBER}),
    ("2.50", (line("Soup", price=None),), {Finding.INVALID_NUMBER}),
    ("2.50", (line("Soup", price="NaN"),), {Finding.INVALID_NUMBER}),
    ("2.50", (line("Soup", price="-Infinity"),), {Finding.INVALID_NUMBER}),
    ("0", (line("Soup", "0"),), {Finding.QUANTITY_BELOW_ONE}),
    ("-2.50", (line("Soup", "-1"),), {Finding.QUANTITY_BELOW_ONE, Finding.NEGATIVE_TOTAL}),
    ("3.75", (line("Soup", "1.5"),), {Finding.FRACTIONAL_QUANTITY}),
    ("1.25", (line("Soup", "0.5"),), {Finding.FRACTIONAL_QUANTITY}),
    ("3.75", (line("Soup", "0"), line("Tea", "1.5")), {Finding.FRACTIONAL_QUANTITY}),
    ("5.00", (line("Soup", "2.000"),), set()),
    ("-2.50", (line("Soup", price="-2.50"),), {Finding.NEGATIVE_TOTAL, Finding.NEGATIVE_PRICE}),
    ("2.50", (line(None),), {Finding.INVALID_NAME}),
    ("2.50", (line(""),), {Finding.INVALID_NAME}),
    ("2.50", (line(" \t\n\v\f\r"),), {Finding.INVALID_NAME}),
    ("2.50", (line("\u00a0"),), set()),
    ("2.50", (line("\x01"),), set()),
    ("0", (), {Finding.EMPTY_ORDER}),
    ("1.00", (), {Finding.EMPTY_ORDER, Finding.LINE_TOTAL_MISMATCH}),
    ("2.75", (line("Soup"),), {Finding.LINE_TOTAL_MISMATCH}),
    (
        "NaN",
        (line(None, "NaN", "-1"), line("Soup", "-1", None)),
        {
            Finding.INVALID_NUMBER,
            Finding.INVALID_NAME,
            Finding.NEGATIVE_PRICE,
            Finding.QUANTITY_BELOW_ONE,
        },
    ),
]


def _faulty_orders() -> list[PlacedOrder]:
    return [placed(str(key), total, lines) for key, (total, lines, _) in enumerate(FAULTS, 100)]


def _expected_tallies() -> dict[Finding, tuple[str, ...]]:
    found: dict[Finding, tuple[str, ...]] = {}
    for key, (_, _, findings) in enumerate(FAULTS, 100):
        for finding in findings:
            found[finding] = (*found.get(finding, ()), str(key))
    return found


def test_every_fault_is_found_in_the_orders_that_have_it(open_reader: Open) -> None:
    read = totals(open_reader(_faulty_orders(), ()))

    expected = {finding: Tally(len(ids), ids[:10]) for finding, ids in _expected_tallies().items()}
    assert read.tallies == expected
    assert read.orders == len(FAULTS)


def test_every_fault_is_found_where_ids_are_keys(open_keyed: Open) -> None:
    # A key's column has its limits; what fits in is found all the same.
    orders = [p for p in _faulty_orders() if p.order.total is None or p.order.total.is_finite()]
    orders = [p for p in orders if all(_fits_scale(item) for item in p.order.lines)]
    expected = _expected_tallies()

    read = totals(open_keyed(orders, ()))

    kept = {p.order.id for p in orders}
    assert {finding: set(tally.order_ids) for finding, tally in read.tallies.items()} == {
        finding: set(ids) & kept for finding, ids in expected.items() if set(ids) & kept
    }


def _fits_scale(item: OrderLine) -> bool:
    return item.unit_price is None or item.unit_price.is_finite()


def test_numbers_that_are_none_count_as_zero(open_reader: Open) -> None:
    lines = (line("Soup", "NaN"), line("Tea", None), line("Cake", "2", "Infinity"))
    orders = [placed("1", "NaN", lines), placed("2", None, lines[:1]), placed("3", "7.25")]

    read = totals(open_reader(orders, ()))

    assert read.revenue == Decimal("7.25")
    assert read.items == {"Soup": 1, "Tea": 0, "Cake": 2}
    assert read.lines == 5


def test_items_without_a_name_are_lines_and_no_items(open_reader: Open) -> None:
    read = totals(open_reader([placed("1", "7.50", (line(None), line(" "), line("Soup")))], ()))

    assert read.lines == 3
    assert read.items == {"Soup": 1}


def test_quantities_below_zero_are_taken_off(open_reader: Open) -> None:
    lines = (line("Soup", "5"), line("Soup", "-3"))

    assert totals(open_reader([placed("1", "5.00", lines)], ())).items == {"Soup": 2}


def test_totals_and_lines_may_be_apart_by_the_tolerance(open_reader: Open) -> None:
    reader = open_reader([placed("1", "2.75"), placed("2", "2.25"), placed("3", "3.00")], ())

    assert totals(reader, Decimal("0.25")).tallies == {
        Finding.LINE_TOTAL_MISMATCH: Tally(1, ("3",))
    }


def test_an_id_that_stands_more_than_once_counts_once(open_reader: Open) -> None:
    orders = [placed("7"), placed("7"), placed("7"), placed("12", "-1"), placed("12", "-1")]

    read = totals(open_reader([*orders, placed("3")], ()))

    assert read.tallies[Finding.DUPLICATE_ORDER] == Tally(2, ("7", "12"))
    # Every other finding counts rows, and names an id once.
    assert read.tallies[Finding.NEGATIVE_TOTAL] == Tally(2, ("12",))
    assert (read.orders, read.lines) == (6, 6)
    assert read.items == {"Soup": 6}


def test_the_same_id_on_another_day_is_no_duplicate(open_reader: Open) -> None:
    read = totals(open_reader([placed("7"), placed("7", at=WINDOW.end)], ()))

    assert read.tallies == {}
    assert read.orders == 1


def test_the_ten_smallest_ids_are_kept_shorter_ones_first(open_reader: Open) -> None:
    keys = [9, 10, 11, 100, 8, 25, 99, 1000, 7, 12, 13, 14, 15]

    read = totals(open_reader([placed(str(key), "-1") for key in keys], ()))

    smallest = ("7", "8", "9", "10", "11", "12", "13", "14", "15", "25")
    assert read.tallies[Finding.NEGATIVE_TOTAL] == Tally(13, smallest)


def test_the_ten_smallest_duplicates_are_kept(open_reader: Open) -> None:
    keys = [str(key) for key in range(1, 15)]

    read = totals(open_reader([placed(key) for key in (*keys, *keys)], ()))

    assert read.tallies[Finding.DUPLICATE_ORDER] == Tally(14, tuple(keys[:10]))


def test_ids_of_different_mixes_of_faults_are_ranked_together(open_reader: Open) -> None:
    orders = [placed(str(key), "-1", () if key % 2 else (line("Soup"),)) for key in range(1, 30)]

    read = totals(open_reader(orders, ()))

    expected = tuple(str(key) for key in range(1, 11))
    assert read.tallies[Finding.NEGATIVE_TOTAL] == Tally(29, expected)


def test_names_that_are_equal_in_normal_form_are_one_item(open_reader: Open) -> None:
    lines = (line("Caf\u00e9", "2"), line("Cafe\u0301", "3"), line("cafe\u0301", "1"))

    read = totals(open_reader([placed("1", "15.00", lines)], ()))

    assert read.items == {"Caf\u00e9": 5, "caf\u00e9": 1}


def test_names_are_otherwise_left_as_they_are(open_reader: Open) -> None:
    names = ("Soup", "soup", " Soup", "Soup ", "Söup", "%s", 'a"b', "a'b", "\U0001f600", "\ufb01")

    read = totals(open_reader([placed("1", "25.00", map(line, names))], ()))

    assert read.items == dict.fromkeys(names, 1)


def test_without_totals_an_order_is_worth_its_lines(open_without_totals: Open) -> None:
    lines = (line("Soup", "2", "1.25"), line("Tea", "3", "0.50"))
    orders = [
        PlacedOrder(NOON, Order.priced_by_lines("1", lines)),
        PlacedOrder(NOON, Order.priced_by_lines("2", ())),
        PlacedOrder(NOON, Order.priced_by_lines("3", (line("Tea", "-1", "9"),))),
        PlacedOrder(NOON, Order.priced_by_lines("4", (line("Tea", "NaN", "9"), line("Tea")))),
    ]

    read = totals(open_without_totals(orders, ()))

    assert read.revenue == Decimal("-2.50")
    assert read.tallies == {
        Finding.NEGATIVE_TOTAL: Tally(1, ("3",)),
        Finding.INVALID_NUMBER: Tally(1, ("4",)),
        Finding.QUANTITY_BELOW_ONE: Tally(1, ("3",)),
        Finding.EMPTY_ORDER: Tally(1, ("2",)),
    }


def test_reading_twice_gives_the_same(open_reader: Open) -> None:
    reader = open_reader(_faulty_orders(), ())

    assert totals(reader) == totals(reader)


def test_a_reading_names_its_snapshot(open_reader: Open) -> None:
    assert open_reader([placed("1")], ()).read(SINGLE, WINDOW, CENTS).snapshot


ODD = ("a", "A", "a b", "1", "01", "it's", "%s", "{a,b}", 'a"b', "*")


def test_each_tenant_has_its_own_orders_alone(open_keyed: Open) -> None:
    orders = [
        placed(str(number), f"{number}.50", (line(f"Of {tenant}", "1", f"{number}.50"),))
        for number, tenant in enumerate(ODD, 1)
    ]
    orders = [replace(p, tenant=tenant) for p, tenant in zip(orders, ODD, strict=True)]

    read = each(open_keyed(orders, ()), *reversed(ODD))

    assert {tenant: dict(own.items) for tenant, own in read.items()} == {
        tenant: {f"Of {tenant}": 1} for tenant in ODD
    }
    assert [read[tenant].revenue for tenant in ODD] == [
        Decimal(n) + Decimal("0.5") for n in range(1, 11)
    ]
    assert all((own.orders, own.lines, own.tallies) == (1, 1, {}) for own in read.values())


def test_a_tenant_without_orders_has_an_empty_reading(open_keyed: Open) -> None:
    orders = [placed("1", tenant="a"), placed("2", tenant="b", at=WINDOW.end)]

    read = each(open_keyed(orders, ()), "b", "a", "c")

    assert set(read) == {"a", "b", "c"}
    assert (read["a"].orders, read["b"], read["c"]) == (1, Totals(), Totals())


def test_nobody_asked_for_has_no_reading(open_keyed: Open) -> None:
    reader = open_keyed([placed("1", tenant="a"), placed("2", tenant="b")], ())

    assert dict(reader.read_each((), WINDOW, CENTS)) == {}
    assert {tenant: own.orders for tenant, own in each(reader, "a", "a").items()} == {"a": 1}
    assert {tenant: own.orders for tenant, own in each(reader, "a", "c").items()} == {
        "a": 1,
        "c": 0,
    }


def test_readings_of_one_scan_are_of_one_snapshot(open_keyed: Open) -> None:
    reader = open_keyed([placed("1", tenant="a"), placed("2", tenant="b")], ())

    readings = reader.read_each(("a", "b", "c"), WINDOW, CENTS)

    assert len({reading.snapshot for reading in readings.values()}) == 1


def test_a_thousand_tenants_are_read_at_once_and_no_more(open_keyed: Open) -> None:
    reader = open_keyed([placed("1", tenant="17")], ())
    tenants = [str(number) for number in range(READ_TENANTS_MAX + 1)]

    read = each(reader, *tenants[:-1])

    assert len(read) == READ_TENANTS_MAX
    assert {tenant for tenant, own in read.items() if own.orders} == {"17"}
    with pytest.raises(ValueError, match="1001 tenants"):
        reader.read_each(tenants, WINDOW, CENTS)


def test_each_tenant_has_its_own_findings_and_its_own_ten_smallest_ids(open_keyed: Open) -> None:
    orders = [placed(str(key), "-1", tenant="ab"[key % 2]) for key in range(1, 31)]

    read = each(open_keyed([*orders, placed("99", tenant="c")], ()), "a", "b", "c")

    for tenant, first in (("a", 2), ("b", 1)):
        smallest = tuple(str(key) for key in range(first, first + 20, 2))
        assert read[tenant].tallies[Finding.NEGATIVE_TOTAL] == Tally(15, smallest)
    assert read["c"].tallies == {}


def test_an_id_that_stands_twice_is_found_for_its_tenant_alone(open_with_own_ids: Open) -> None:
    orders = [placed("7", tenant="a"), placed("7", tenant="a"), placed("8", tenant="b")]

    read = each(open_with_own_ids(orders, ()), "a", "b")

    assert read["a"].tallies == {Finding.DUPLICATE_ORDER: Tally(1, ("7",))}
    assert read["b"].tallies == {}


def test_tenants_may_have_the_same_ids_where_lines_are_told_apart(open_with_own_ids: Open) -> None:
    orders = [
        placed("7", "2.50", (line("Soup"),), tenant="a"),
        placed("7", "5.00", (line("Tea", "2"),), tenant="b"),
    ]
    reader = open_with_own_ids(orders, ())

    read = each(reader, "a", "b")

    assert {tenant: dict(own.items) for tenant, own in read.items()} == {
        "a": {"Soup": 1},
        "b": {"Tea": 2},
    }
    assert all(own.tallies == {} for own in read.values())
    assert Totals.sum(reader.read("b", WINDOW, CENTS).parts) == read["b"]


def test_only_orders_of_the_statuses_named_count_for_each_tenant(open_keyed: Open) -> None:
    orders = [
        placed(str(key), status=("paid", "open")[key % 2], tenant="ab"[key // 4])
        for key in range(8)
    ]

    read = each(open_keyed(orders, ("paid",)), "a", "b")

    assert {tenant: own.orders for tenant, own in read.items()} == {"a": 2, "b": 2}
