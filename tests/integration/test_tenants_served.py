"""Tenants of several zones, as real processes see them: their schedules, and the checkup."""

import json
from pathlib import Path

import pytest

from tests.integration.orders_shop import run_sql
from tests.integration.program import run
from tests.integration.serving_place import Place, place_of, wait_for
from tests.integration.shop import open_shop, settings_for
from tests.servers.postgres import Database

MULTI = {
    "AEGIS_TENANCY": "multi",
    "AEGIS_ORDERS_TENANT": "shop",
    "AEGIS_TENANTS_TABLE": "tenants",
    "AEGIS_TENANTS_ZONE": "zone",
    "AEGIS_SCHEDULE_CRON": "0 0 2 * * *",
    "AEGIS_VERIFY_DAYS": "7",
}
OWN = ["close-deadline", "daily-close", "retention", "verify-sweep"]


@pytest.fixture
def shops(database: Database) -> Database:
    """Orders of shops, and the directory of them."""
    open_shop(database)
    run_sql(
        database,
        "ALTER TABLE orders ADD COLUMN shop text NOT NULL DEFAULT 'north'",
        "CREATE TABLE tenants (id text PRIMARY KEY, active boolean, zone text)",
        "INSERT INTO tenants VALUES ('north', true, NULL), ('south', true, 'America/Manaus'),"
        " ('far', true, 'Mars/Olympus'), ('gone', false, 'Asia/Tokyo')",
    )
    return database


def schedules(place: Place) -> list[str]:
    told = place.run("schedules", "list", "--output", "json", **MULTI).told["schedules"]
    return [schedule["name"] for schedule in told]


def of_zone(zone_name: str) -> list[str]:
    return [f"{name}@{zone_name}" for name in OWN if name != "retention"]


def test_each_zone_of_the_tenants_has_its_schedules_as_long_as_it_has_tenants(
    shops: Database, tmp_path: Path
) -> None:
    place = place_of(tmp_path, shops, "http://127.0.0.1:1")
    with place.serving(**MULTI) as serving:
        serving.wait_for("zone.unknown", zone="Mars/Olympus")
        wanted = sorted([*OWN, *of_zone("America/Manaus")])
        wait_for(lambda: schedules(place) == wanted, "the schedules of Manaus")
        assert serving.stop() == 143

    run_sql(
        shops,
        "UPDATE tenants SET zone = NULL WHERE id = 'south'",
        "DELETE FROM tenants WHERE id = 'far'",
    )
    with place.serving(**MULTI) as serving:
        (started,) = serving.wait_for("serve.started")
        assert "daily-close@America/Manaus" in started["next"]
        wait_for(lambda: schedules(place) == OWN, "no schedules of Manaus")
        assert serving.stop() == 143


def test_a_run_that_a_person_starts_is_everyones_in_the_zone_of_its_schedule(
    shops: Database, tmp_path: Path
) -> None:
    place = place_of(tmp_path, shops, "http://127.0.0.1:1")
    with place.serving(**MULTI) as serving:
        serving.wait_for("serve.started")
        wait_for(lambda: len(schedules(place)) == 7, "the schedules of Manaus")
        serving.stop()

    place.run("schedules", "trigger", "close-deadline@America/Manaus", **MULTI)

    (line,) = place.runs("deadline")
    assert line["tenant"] == "*"


def test_a_directory_that_is_away_keeps_nothing_from_being_served(
    shops: Database, tmp_path: Path
) -> None:
    run_sql(shops, "DROP TABLE tenants")
    place = place_of(tmp_path, shops, "http://127.0.0.1:1")
    with place.serving(**MULTI) as serving:
        (line,) = serving.wait_for("zones.failed")
        assert line["code"] == "missing_table"
        assert schedules(place) == OWN
        assert serving.stop() == 143


def test_doctor_looks_at_the_directory(shops: Database, tmp_path: Path) -> None:
    settings = {**settings_for(shops, "http://127.0.0.1:1", "token"), **MULTI}

    told = run(["doctor", "--output", "json"], settings, tmp_path).told

    found = {check["name"]: check for check in told["checks"]}
    assert found["tenants.directory"]["verdict"] == "ok"
    assert found["tenants.zones"]["verdict"] == "fail"
    assert "Mars/Olympus" in found["tenants.zones"]["message"]

    run_sql(shops, "DROP TABLE tenants")
    told = run(["doctor", "--output", "json"], settings, tmp_path).told
    found = {check["name"]: check for check in told["checks"]}
    assert "AEGIS_TENANTS_TABLE" in json.dumps(found["tenants.directory"])
