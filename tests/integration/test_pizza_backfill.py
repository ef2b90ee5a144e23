"""A published year by one backfill that is killed again and again: its sums, each report once."""

import os
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.backfill_place import Backend, Backfills
from tests.integration.pizza_place import load_year
from tests.integration.serving_place import place_of
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

YEAR = [date(2015, 1, 1) + timedelta(days=number) for number in range(365)]
PUBLISHED = (21_350, Decimal("817860.05"), 358)
# The whole year belongs to `make soak`.
IS_WHOLE = os.environ.get("AEGIS_TESTS_KILLS") == "all"
DAYS = YEAR if IS_WHOLE else YEAR[:60]
KILLS = 20
SUMS = """
SELECT count(*), sum(total), count(DISTINCT created_at::date) FROM orders
WHERE created_at::date BETWEEN %s AND %s
"""
NO_NIGHT = "0 0 2 29 2 *"


@pytest.fixture
def backfills(database: Database, wiremock: WireMockServer, tmp_path: Path) -> Backfills:
    with database.connect() as connection:
        load_year(connection)
    place = place_of(
        tmp_path,
        database,
        wiremock.url,
        AEGIS_SCHEDULE_CRON=NO_NIGHT,
        AEGIS_ORDERS_PLACED_AT_KIND="wall",
    )
    return Backfills(place)


def sums(backend: Backend, days: Sequence[date]) -> tuple[int, Decimal, int]:
    """Return orders, revenue, and how many days had any, over the reports of these days."""
    created = backend.created()
    assert set(created) == set(days)
    bodies = [created[day] for day in days]
    revenue = sum((Decimal(str(body["totalRevenue"])) for body in bodies), Decimal(0))
    return (
        sum(body["totalOrders"] for body in bodies),
        revenue,
        sum(body["totalOrders"] > 0 for body in bodies),
    )


def test_a_backfill_killed_twenty_times_hands_each_report_over_once_and_they_add_up(
    database: Database, backfills: Backfills, wiremock: WireMockServer
) -> None:
    backend = Backend(wiremock)
    backend.open_days(DAYS)
    plan_id = backfills.plan(DAYS[0], DAYS[-1], "--max-active", "3")["backfill"]["id"]

    command = ["--yes", plan_id]
    for number in range(KILLS):
        backfills.killed_at((number + 1) * len(DAYS) // (KILLS + 1), plan_id, *command)
        command = ["resume", plan_id]
    ended = backfills.place.run("backfill", *command, "--output", "json")

    assert ended.status == 0, ended.err
    assert (ended.told["backfill"]["done"], ended.told["backfill"]["failed"]) == (len(DAYS), 0)
    with database.connect() as connection:
        expected = connection.execute(SUMS, (DAYS[0], DAYS[-1])).fetchone()
    assert sums(backend, DAYS) == expected
    assert not IS_WHOLE or expected == PUBLISHED
    assert backfills.closes() == dict.fromkeys(map(str, DAYS), 1)
    assert backfills.unfinished() == 0
