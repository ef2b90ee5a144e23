"""The published year, its orders dealt out to tenants in five zones: each one's own, and all."""

import json
import os
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.market_place import Answers, settings_of
from tests.integration.pizza_place import load_year
from tests.integration.serving_place import Place, wait_for
from tests.integration.test_many_processes import asked, kept
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

__all__ = ["kept"]


# The whole year belongs to `make soak`.
IS_WHOLE = os.environ.get("AEGIS_TESTS_KILLS") == "all"
TENANTS = [f"shop-{number:02}" for number in range(37)]
ZONES = [None, "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
FIRST, LAST = date(2015, 1, 1), date(2015, 12, 31) if IS_WHOLE else date(2015, 1, 6)
DAYS = [FIRST + timedelta(days=ahead) for ahead in range((LAST - FIRST).days + 1)]
PUBLISHED = (21_350, Decimal("817860.05"))
DEALT = """
ALTER TABLE orders ADD shop text;
UPDATE orders SET shop = 'shop-' || lpad((id % {count})::text, 2, '0');
CREATE TABLE tenants (id text PRIMARY KEY, active boolean NOT NULL, zone text);
"""
SUMS = """
SELECT shop, count(*), sum(total) FROM orders
WHERE created_at::date BETWEEN %s AND %s GROUP BY shop
"""
Sums = dict[str, tuple[int, Decimal]]


@pytest.fixture
def shops(database: Database) -> Database:
    """The year's orders, dealt out."""
    with database.connect() as connection:
        load_year(connection)
        connection.execute(DEALT.format(count=len(TENANTS)).encode())
        for number, tenant in enumerate(TENANTS):
            zone = ZONES[number % len(ZONES)]
            connection.execute("INSERT INTO tenants VALUES (%s, true, %s)", (tenant, zone))
    return database


def expected_of(database: Database) -> Sums:
    """Return what each tenant's orders of these days add up to, by a plain question."""
    with database.connect() as connection:
        rows = connection.execute(SUMS, (FIRST, LAST)).fetchall()
    return {shop: (count, total) for shop, count, total in rows}


def handed_over(answers: Answers) -> Sums:
    """Return what the reports of each tenant add up to, each of its days reported once."""
    found: dict[str, tuple[int, Decimal]] = {}
    for tenant, submissions in answers.submissions().items():
        bodies: dict[str, str] = defaultdict(str)
        for status, body in submissions:
            assert status == 201
            day = json.loads(body)["reportDate"]
            assert bodies[day] in ("", body)
            bodies[day] = body
        assert sorted(bodies) == [day.isoformat() for day in DAYS]
        reports = [json.loads(body, parse_float=Decimal) for body in bodies.values()]
        found[tenant] = (
            sum(report["totalOrders"] for report in reports),
            sum((report["totalRevenue"] for report in reports), Decimal(0)),
        )
    return found


def fill(place: Place, *whose: str) -> None:
    """Have the days of one tenant, or of all, closed by whatever serves."""
    planned = place.run(
        *("backfill", *whose, "--from", str(FIRST), "--to", str(LAST), "--output", "json")
    )
    assert planned.status == 0, planned.err
    ended = place.run("backfill", "--yes", planned.told["backfill"]["id"], "--output", "json")
    assert ended.status == 0, ended.err


def test_all_days_of_all_tenants_add_up_to_their_own_and_to_the_year(
    shops: Database, kept: Database, wiremock: WireMockServer, tmp_path: Path
) -> None:
    answers = Answers(wiremock.url)
    place = Place(
        tmp_path,
        settings_of(
            shops,
            wiremock.url,
            AEGIS_STATE_URL=kept.dsn(),
            AEGIS_ORDERS_PLACED_AT_KIND="wall",
            AEGIS_BACKFILL_MAX_ACTIVE="4",
        ),
    )
    with place.serving() as serving:
        serving.wait_for("serve.started")
        fill(place, "--tenant", TENANTS[0])
        fill(place, "--all")
        assert serving.stop() == 143

    expected = expected_of(shops)
    assert handed_over(answers) == expected
    assert set(expected) == set(TENANTS)
    if IS_WHOLE:
        orders = sum(count for count, _ in expected.values())
        assert (orders, sum(total for _, total in expected.values())) == PUBLISHED
    rows = asked(kept, "SELECT tenant, count(*) FROM seals GROUP BY tenant")
    assert dict(rows) == dict.fromkeys(TENANTS, len(DAYS))
    zones = asked(kept, "SELECT DISTINCT tenant, zone_name FROM runs WHERE job = 'close'")
    assert dict(zones) == {
        tenant: ZONES[number % len(ZONES)] for number, tenant in enumerate(TENANTS)
    }
    wait_for(lambda: serving.process.poll() is not None, "the process to be gone")
