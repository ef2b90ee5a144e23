"""Reading orders by whatever their time column means."""

from datetime import date, time
from decimal import Decimal

import pytest

from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, PlacedAtKind
from aegis_batch.domain.errors import InvalidRequest
from tests.integration.orders_shop import (
    DAY,
    REVENUE,
    open_shop,
    reader_of,
    run_sql,
    totals_of,
)
from tests.servers.postgres import Database

# A quarter before and after each bound of 2026-11-21, in Sao Paulo's time and in UTC.
_TIMES = """
CREATE TABLE orders (id int PRIMARY KEY, created_at {type}, total numeric);
CREATE TABLE order_items (order_id int, name text, quantity int, unit_price numeric);
INSERT INTO orders VALUES
    (1, '2026-11-20 23:45', 1), (2, '2026-11-21 00:15', 2), (3, '2026-11-21 02:45', 4),
    (4, '2026-11-21 03:15', 8), (5, '2026-11-21 23:45', 16), (6, '2026-11-22 00:15', 32),
    (7, '2026-11-22 02:45', 64), (8, '2026-11-22 03:15', 128), (9, NULL, 256)
"""


def _with_times(database: Database, type_name: str) -> str:
    run_sql(database, _TIMES.format(type=type_name))
    return database.dsn()


def _revenue(dsn: str, kind: PlacedAtKind, day_start: time = time(0)) -> Decimal:
    schema = OrdersSchema(placed_at_kind=kind)
    return totals_of(reader_of(dsn, schema), day_start=day_start).revenue


def test_a_timestamp_is_refused_until_a_setting_says_what_it_means(database: Database) -> None:
    dsn = _with_times(database, "timestamp")

    with pytest.raises(InvalidRequest) as caught:
        _revenue(dsn, PlacedAtKind.AUTO)

    assert caught.value.code == "placed_at_ambiguous"
    assert "AEGIS_ORDERS_PLACED_AT_KIND=wall" in caught.value.remedy


@pytest.mark.parametrize(
    ("type_name", "kind", "revenue"),
    [
        ("timestamptz", PlacedAtKind.AUTO, 8 + 16 + 32 + 64),
        ("timestamptz", PlacedAtKind.INSTANT, 8 + 16 + 32 + 64),
        ("timestamp", PlacedAtKind.UTC, 8 + 16 + 32 + 64),
        ("timestamp", PlacedAtKind.WALL, 2 + 4 + 8 + 16),
        ("timestamp(0)", PlacedAtKind.WALL, 2 + 4 + 8 + 16),
        ("date", PlacedAtKind.AUTO, 2 + 4 + 8 + 16),
        ("date", PlacedAtKind.DATE, 2 + 4 + 8 + 16),
    ],
)
def test_each_kind_of_time_is_read_as_it_is_meant(
    database: Database, type_name: str, kind: PlacedAtKind, revenue: int
) -> None:
    # The session's own zone must not matter.
    run_sql(database, f"ALTER DATABASE {database.name} SET timezone = 'UTC'")
    dsn = _with_times(database, type_name)
    run_sql(database, f"ALTER DATABASE {database.name} SET timezone = 'Asia/Tokyo'")

    assert _revenue(dsn, kind) == revenue


def test_a_wall_day_starts_when_the_business_day_does(database: Database) -> None:
    dsn = _with_times(database, "timestamp")

    assert _revenue(dsn, PlacedAtKind.WALL, time(3)) == 8 + 16 + 32 + 64


def test_dates_can_not_be_read_where_days_start_later_than_midnight(database: Database) -> None:
    dsn = _with_times(database, "date")

    with pytest.raises(InvalidRequest, match="AEGIS_DAY_START") as caught:
        _revenue(dsn, PlacedAtKind.AUTO, time(3))

    assert caught.value.code == "date_needs_midnight"


def test_a_kind_that_contradicts_the_column_is_refused(database: Database) -> None:
    dsn = _with_times(database, "timestamptz")

    with pytest.raises(InvalidRequest) as caught:
        _revenue(dsn, PlacedAtKind.WALL)

    assert caught.value.code == "placed_at_kind_mismatch"


def test_infinite_times_fall_on_no_day(database: Database) -> None:
    open_shop(database)
    run_sql(
        database,
        "INSERT INTO orders VALUES (8, 'infinity', 1), (9, '-infinity', 1)",
        "INSERT INTO orders VALUES (10, '0044-03-15 BC', 1)",
    )

    assert totals_of(reader_of(database.dsn())).revenue == REVENUE


def test_a_day_at_the_edge_of_all_dates_can_be_read(database: Database) -> None:
    open_shop(database)
    reader = reader_of(database.dsn())

    assert totals_of(reader, date(1, 1, 3)).orders == 0
    assert totals_of(reader, date(9999, 12, 29)).orders == 0
    assert totals_of(reader, DAY).orders == 2
