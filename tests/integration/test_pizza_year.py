"""A published year: all its daily closes add up to the figures that others have published."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, PlacedAtKind
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.seal import Versions
from tests.integration.pizza_place import load_year
from tests.sealed_books import SealedBooks
from tests.servers.postgres import Database

ZONE = "America/Sao_Paulo"
YEAR = [date(2015, 1, 1) + timedelta(days=number) for number in range(365)]
# The column as it is, wall time; and the same moments as instants.
AS_INSTANTS = (
    f"ALTER TABLE orders ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE '{ZONE}'"
)

POLICY = ReportPolicy(
    InMemoryCalendars(Calendar(load_zone(ZONE), ZONE)), Rules(), Versions("1", "1", "1")
)


def reader_of(database: Database, kind: PlacedAtKind) -> PostgresOrderReader:
    return PostgresOrderReader(
        OrdersDatabase(parse_database_url(database.dsn())), OrdersSchema(placed_at_kind=kind)
    )


@pytest.fixture(params=[PlacedAtKind.WALL, PlacedAtKind.AUTO])
def closing(database: Database, request: pytest.FixtureRequest) -> DailyCloseUseCase:
    kind: PlacedAtKind = request.param
    with database.connect() as connection:
        load_year(connection)
        if kind is PlacedAtKind.AUTO:
            connection.execute(AS_INSTANTS.encode())
    return DailyCloseUseCase(
        reader_of(database, kind),
        InMemoryReportGateway(),
        InMemoryClock(datetime(2016, 1, 2, tzinfo=UTC)),
        InMemoryMetricsSink(),
        POLICY,
    )


def close(closing: DailyCloseUseCase, day: date) -> CloseResult:
    return closing.close(CloseRequest(run_id=day.isoformat(), trace_id="1" * 32, day=day))


def body_of(result: CloseResult) -> dict[str, Any]:
    assert result.report is not None
    body: dict[str, Any] = json.loads(result.report.body(), parse_float=Decimal)
    return body


def test_all_days_of_the_year_add_up_to_the_published_figures(closing: DailyCloseUseCase) -> None:
    results = [close(closing, day) for day in YEAR]

    assert {result.outcome for result in results} == {Outcome.CREATED}
    bodies = [body_of(result) for result in results]
    assert [body["reportDate"] for body in bodies] == [day.isoformat() for day in YEAR]
    assert sum(body["totalOrders"] for body in bodies) == 21_350
    assert sum(body["totalRevenue"] for body in bodies) == Decimal("817860.05")
    assert sum(body["totalOrders"] > 0 for body in bodies) == 358
    seals = [result.seal for result in results if result.seal is not None]
    assert sum(seal.items_sold for seal in seals) == 49_574
    assert sum(seal.orders_read for seal in seals) == 21_350
    assert sum(seal.lines_read for seal in seals) == 48_620
    assert not any(result.violations for result in results)


def test_a_day_without_orders_closes_as_an_empty_day(closing: DailyCloseUseCase) -> None:
    result = close(closing, date(2015, 12, 25))

    assert result.outcome is Outcome.CREATED
    assert result.report is not None
    assert result.report.body() == (
        b'{"reportDate":"2015-12-25","totalOrders":0,"totalRevenue":0.00,"topItems":[]}'
    )


def test_the_years_weeks_and_months_are_the_merges_of_their_days_and_the_direct_readings(
    database: Database,
) -> None:
    with database.connect() as connection:
        load_year(connection)
    books = SealedBooks(reader_of(database, PlacedAtKind.WALL), POLICY)
    weeks = [Period(PeriodKind.WEEK, date(2014, 12, 29) + timedelta(weeks=n)) for n in range(53)]
    months = [Period(PeriodKind.MONTH, date(2015, month, 1)) for month in range(1, 13)]
    assert weeks[-1].last_day == date(2016, 1, 3)
    for place in range((weeks[-1].end_day - weeks[0].first_day).days):
        day = Period(PeriodKind.DAY, weeks[0].first_day + timedelta(days=place))
        assert books.seal(day).outcome is Outcome.CREATED

    for kind, periods in ((PeriodKind.WEEK, weeks), (PeriodKind.MONTH, months)):
        merged = [books.merge(period) for period in periods]
        direct = [books.read(period) for period in periods]

        assert [result.run.key.period.kind for result in merged] == [kind] * len(periods)
        for one, other in zip(merged, direct, strict=True):
            assert one.report is not None
            assert other.report is not None
            assert one.report.body() == other.report.body()
            assert one.totals == other.totals
            assert one.seal is not None
            assert other.seal is not None
            assert one.seal.totals_digest == other.seal.totals_digest
            assert one.seal.snapshot.startswith("merged from ")
            assert not other.seal.snapshot.startswith("merged")
        bodies = [body_of(result) for result in merged]
        assert sum(body["totalOrders"] for body in bodies) == 21_350
        assert sum(body["totalRevenue"] for body in bodies) == Decimal("817860.05")
