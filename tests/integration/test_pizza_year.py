"""A published year: all its daily closes add up to the figures that others have published."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema, PlacedAtKind
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.daily_close import CloseRequest, DailyCloseUseCase
from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.seal import Versions
from tests.integration.pizza_place import load_year
from tests.servers.postgres import Database

ZONE = "America/Sao_Paulo"
YEAR = [date(2015, 1, 1) + timedelta(days=number) for number in range(365)]
# The column as it is, wall time; and the same moments as instants.
AS_INSTANTS = (
    f"ALTER TABLE orders ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE '{ZONE}'"
)


@pytest.fixture(params=[PlacedAtKind.WALL, PlacedAtKind.AUTO])
def closing(database: Database, request: pytest.FixtureRequest) -> DailyCloseUseCase:
    kind: PlacedAtKind = request.param
    with database.connect() as connection:
        load_year(connection)
        if kind is PlacedAtKind.AUTO:
            connection.execute(AS_INSTANTS.encode())
    reader = PostgresOrderReader(
        OrdersDatabase(parse_database_url(database.dsn())), OrdersSchema(placed_at_kind=kind)
    )
    return DailyCloseUseCase(
        reader,
        InMemoryReportGateway(),
        InMemoryClock(datetime(2016, 1, 2, tzinfo=UTC)),
        InMemoryMetricsSink(),
        ReportPolicy(Calendar(load_zone(ZONE), ZONE), Rules(), Versions("1", "1", "1")),
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
