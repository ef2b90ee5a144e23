"""Ranges of one tenant of several or of all, what failed for good in them, and the checkup."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.integration.orders_shop import run_sql
from tests.integration.program import start
from tests.integration.remedies import apply, doctor
from tests.integration.serving_place import wait_for
from tests.integration.tenants_place import DAY, TenantsPlace, open_tenants_place
from tests.servers.postgres import Database

RANGE = ("--from", str(DAY - timedelta(days=1)), "--to", str(DAY))


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[TenantsPlace]:
    with open_tenants_place(tmp_path, database) as place:
        yield place


def test_the_range_of_a_tenant_is_rehearsed_planned_and_carried_out_by_its_own_calendar(
    place: TenantsPlace,
) -> None:
    rehearsed = place.told_of("backfill", *RANGE, "--tenant", "south", "--dry-run")
    assert [day["report"]["totalRevenue"] for day in rehearsed["days"]] == [0, 10.25]
    assert place.reports() == {}
    planned = place.told_of("backfill", *RANGE, "--tenant", "south")["backfill"]
    assert (planned["tenant"], planned["toDo"]) == ("south", 2)

    ended = place.run("backfill", "--yes", planned["id"])

    assert ended.status == 0, ended.err
    assert sorted(place.reports()) == [("south", str(day)) for day in (RANGE[1], str(DAY))]
    assert json.loads(place.reports()["south", str(DAY)])["totalRevenue"] == 10.25
    assert "south" in place.run("backfill", "status", planned["id"]).out
    assert {record["tenant"] for record in place.runs()} == {"south"}


@pytest.fixture
def kept(database: Database) -> Iterator[Database]:
    """An empty database for the state."""
    made = Database(database.server, f"{database.name}_state")
    database.server.create_database(made.name)
    yield made
    database.server.drop_database(made.name)


def open_chain(place: TenantsPlace) -> Mapping[tuple[str, str], Decimal]:
    """Let shops in three zones have orders on four days, and return what each day comes to."""
    zones = {"North": None, "East": "Asia/Tokyo", "West": "America/Los_Angeles"}
    days = [DAY - timedelta(days=ahead) for ahead in range(4)]
    revenue: dict[tuple[str, str], Decimal] = {}
    run_sql(place.database, "DELETE FROM order_items; DELETE FROM orders; DELETE FROM tenants")
    orders = 0
    for zone, name in zones.items():
        for number in range(3):
            tenant = f"{zone}-{number}"
            with place.database.connect() as connection:
                connection.execute("INSERT INTO tenants VALUES (%s, true, %s)", (tenant, name))
            for day in days:
                orders += 1
                total = f"{orders}.25"
                revenue[tenant, str(day)] = Decimal(total)
                noon = datetime.combine(day, time(12), ZoneInfo(name or "America/Sao_Paulo"))
                place.order(orders, tenant, noon.isoformat(), total)
    return revenue


CHAIN = ("--from", str(DAY - timedelta(days=3)), "--to", str(DAY), "--all")


def test_the_range_of_all_tenants_goes_on_where_it_was_killed_and_each_has_its_own_figures(
    database: Database, kept: Database, tmp_path: Path
) -> None:
    with open_tenants_place(
        tmp_path,
        database,
        AEGIS_STATE_URL=kept.dsn(),
        AEGIS_SHARD_TENANTS="2",
        AEGIS_RATE_LIMIT="40/2s",
        AEGIS_EXECUTOR_LEASE_SECONDS="6",
    ) as place:
        revenue = open_chain(place)
        told = place.told_of("backfill", *CHAIN)
        assert [day["toDo"] for day in told["periods"]] == [9] * 4
        plan = told["backfill"]["id"]
        process = start(("backfill", "--yes", plan), place.settings, place.folder)
        try:
            wait_for(lambda: len(place.reports()) >= 8 or process.poll() is not None, "a part")
        finally:
            process.kill()
            process.communicate()
        assert 8 <= len(place.reports()) < len(revenue)

        ended = place.run("backfill", "resume", plan, "--output", "json")

        assert ended.status == 0, ended.err
        told = ended.told["backfill"]
        assert (told["tenant"], told["state"], told["done"]) == ("*", "ended", len(revenue))
        figures = {key: json.loads(report) for key, report in place.reports().items()}
        assert {
            key: Decimal(str(report["totalRevenue"])) for key, report in figures.items()
        } == revenue
        own = place.told_of("backfill", *CHAIN[:-1], "--tenant", "East-1", "--dry-run")["days"]
        assert [day["report"] for day in own] == [figures["East-1", day["date"]] for day in own]
        with kept.connect() as connection:
            [(runs, works)] = connection.execute(
                "SELECT count(*), count(DISTINCT split_part(work_id, '#', 1)) FROM runs"
                " WHERE parent = %s AND state = 'succeeded'",
                (plan,),
            ).fetchall()
        # Nine tenants of a day in three zones, at most two of them in a shard.
        assert (runs, works) == (len(revenue), 4 * 6)


def test_the_range_of_all_tenants_is_rehearsed_by_each_ones_own_calendar(
    place: TenantsPlace,
) -> None:
    rehearsed = place.run("backfill", *RANGE, "--all", "--dry-run", "--output", "csv")

    assert rehearsed.status == 0, rehearsed.err
    rows = list(csv.DictReader(rehearsed.out.splitlines()))
    assert [(row["date"], row["tenant"], row["revenue"], row["outcome"]) for row in rows] == [
        (RANGE[1], "north", "100.00", "dry_run"),
        (RANGE[1], "south", "0.00", "dry_run"),
        (str(DAY), "north", "12.50", "dry_run"),
        (str(DAY), "south", "10.25", "dry_run"),
    ]
    assert place.reports() == {}


def test_a_tenants_day_that_was_closed_since_is_named_and_nothing_starts(
    place: TenantsPlace,
) -> None:
    plan = place.told_of("backfill", *RANGE, "--all")["backfill"]["id"]
    assert place.on_day("close", "--tenant", "south").status == 0

    ended = place.run("backfill", "--yes", plan, "--output", "json")

    assert (ended.status, ended.told["error"]["code"]) == (2, "plan_outdated")
    assert (
        f"{DAY} of south was open, as far as is known and is closed"
        in ended.told["error"]["message"]
    )
    assert len(place.reports()) == 1


def test_what_failed_for_good_is_decided_about_tenant_by_tenant(place: TenantsPlace) -> None:
    place.order(9, "south", "2026-11-21T10:00:00Z", "-1.00")
    planned = place.told_of("backfill", *RANGE, "--tenant", "south")["backfill"]
    assert place.run("backfill", "--yes", planned["id"]).status == 8

    told = place.run("dead-letters", "list", "--output", "json")
    (letter,) = told.told["deadLetters"]
    assert (letter["tenant"], letter["error"]["code"]) == ("south", "orders_rejected")
    # Nothing of one tenant stands in what is told of another.
    assert "north" not in told.out
    assert place.told_of("dead-letters", "list", "--tenant", "north")["deadLetters"] == []
    decide = ("dead-letters", "discard", "--reason", "r", "--tenant")
    assert place.told_of(*decide, "north")["decided"] == []
    (decided,) = place.told_of(*decide, "south")["decided"]
    assert decided["deadLetter"]["state"] == "discarded"


def test_a_range_is_filled_for_somebody(place: TenantsPlace) -> None:
    for arguments, code in [
        ((), "tenant_missing"),
        (("--tenant", "gone"), "unknown_tenant"),
        (("--all", "--tenant", "north"), "tenant_and_all"),
    ]:
        ended = place.run("backfill", *RANGE, *arguments, "--output", "json")
        assert (ended.status, ended.told["error"]["code"]) == (2, code)


def test_doctor_looks_at_the_orders_and_the_reports_of_a_tenant_of_the_directory(
    place: TenantsPlace,
) -> None:
    run_sql(place.database, "UPDATE orders SET created_at = now() - interval '2 days'")

    ended = place.run("doctor", "--output", "json")

    found = {check["name"]: check for check in ended.told["checks"]}
    assert found["orders.data"]["verdict"] == "ok", ended.out
    assert "2 orders of the tenant north on the days" in found["orders.data"]["message"]
    assert found["backend.answer"]["verdict"] == "ok"


def test_the_role_that_doctor_advises_may_read_the_directory_too(place: TenantsPlace) -> None:
    advised = doctor(place.settings, place.folder).sql("role.rights")
    try:
        apply(place.database, advised)
        run_sql(
            place.database,
            "ALTER ROLE aegis_reader PASSWORD 'reader'",
            f"REVOKE TEMPORARY ON DATABASE {place.database.name} FROM PUBLIC",
        )
        told = doctor(
            {**place.settings, "DATABASE_URL": place.database.dsn("aegis_reader", "reader")},
            place.folder,
        )
    finally:
        run_sql(place.database, "DROP OWNED BY aegis_reader", "DROP ROLE aegis_reader")

    assert (told.verdict("role.rights"), told.verdict("tenants.directory")) == ("ok", "ok")
    assert "public.tenants" in told.named("role.rights")[0]["message"]
