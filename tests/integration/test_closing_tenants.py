"""``close --tenant`` and ``close --all`` as a user runs them: two shops in two zones."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.orders_shop import run_sql
from tests.integration.program import Ended
from tests.integration.tenants_place import DAY, TenantsPlace, open_tenants_place
from tests.servers.postgres import Database


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[TenantsPlace]:
    with open_tenants_place(tmp_path, database) as place:
        yield place


def lines(ended: Ended) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what was told of each tenant by its name, and of all of them."""
    *told, last = map(json.loads, ended.out.splitlines())
    return {line["tenant"]: line for line in told}, last["summary"]


def test_one_tenant_is_closed_by_its_own_calendar_and_nobody_else_is(place: TenantsPlace) -> None:
    ended = place.on_day("close", "--tenant", "south")

    assert (ended.status, ended.told["outcome"]) == (0, "created")
    assert (ended.told["tenant"], ended.told["report"]["totalRevenue"]) == ("south", 10.25)
    assert list(place.reports()) == [("south", str(DAY))]
    (record,) = place.runs()
    assert record["tenant"] == "south"
    assert place.on_day("close", "--tenant", "south").told["outcome"] == "already_closed"


def test_all_are_closed_each_by_its_own_calendar_and_told_as_they_end(
    place: TenantsPlace,
) -> None:
    rehearsed, summary = lines(place.on_day("close", "--all", "--dry-run"))
    assert summary["outcomes"] == {"dry_run": 2}
    assert place.reports() == {}

    ended = place.on_day("close", "--all")

    assert ended.status == 0, ended.err
    told, summary = lines(ended)
    assert {tenant: line["report"]["totalRevenue"] for tenant, line in told.items()} == {
        "north": 12.50,
        "south": 10.25,
    }
    assert told["north"]["report"] == rehearsed["north"]["report"]
    assert summary == {
        "tenants": 2,
        "outcomes": {"created": 2},
        "notClosed": [],
        "notClosedCount": 0,
        "beginningLater": 0,
        "error": None,
    }
    reports = place.reports()
    assert sorted(reports) == [("north", str(DAY)), ("south", str(DAY))]
    for (tenant, _), report in reports.items():
        assert f"{tenant}ern tea" in report
        assert report.count("tea") == 1
    assert {record["tenant"]: record["outcome"] for record in place.runs()} == {
        "north": "created",
        "south": "created",
    }
    again = place.run("close", "--all", "--date", str(DAY))
    assert again.status == 0
    assert again.out.splitlines()[-1] == "2 tenants: 2 already_closed"


def test_the_trouble_of_one_tenant_is_its_own_and_what_is_done_in_part_says_so(
    place: TenantsPlace,
) -> None:
    place.order(9, "south", "2026-11-21T10:00:00Z", "-1.00")

    ended = place.run("close", "--all", "--date", str(DAY))

    assert ended.status == 8
    told = ended.out.splitlines()
    assert f"north  {DAY}  created  1 order, 12.50" in told
    assert f"south  {DAY}  rejected" in told
    assert told[-2:] == ["2 tenants: 1 created, 1 rejected", "Not closed: south"]
    assert list(place.reports()) == [("north", str(DAY))]


def test_where_all_end_the_same_way_the_exit_status_says_so(place: TenantsPlace) -> None:
    ended = place.on_day("close", "--all", BACKEND_BASE_URL="http://127.0.0.1:1")
    assert ended.status == 5
    _, summary = lines(ended)
    assert (summary["notClosed"], summary["notClosedCount"]) == (["north", "south"], 2)

    run_sql(place.database, "DELETE FROM tenants")
    ended = place.run("close", "--all", "--date", str(DAY))
    assert (ended.status, ended.out) == (
        0,
        "There was nothing to close: no tenant is active.\n",
    )

    run_sql(place.database, "DROP TABLE tenants")
    ended = place.on_day("close", "--all")
    assert ended.status == 6
    assert lines(ended)[1]["error"]["code"] == "missing_table"
    ended = place.run("close", "--all", "--date", str(DAY))
    assert (ended.status, ended.out) == (6, "")
    assert "tenants" in ended.err


def test_a_tenant_that_begins_later_is_left_out_and_counted(place: TenantsPlace) -> None:
    run_sql(place.database, "ALTER TABLE tenants ADD COLUMN first_day date")
    run_sql(place.database, "UPDATE tenants SET first_day = '2026-11-22' WHERE id = 'south'")
    begins = {"AEGIS_TENANTS_CLOSES_FROM": "first_day"}

    ended = place.run("close", "--all", "--date", str(DAY), **begins)

    assert ended.status == 0, ended.err
    assert ended.out.splitlines()[-2:] == [
        "1 tenant: 1 created",
        "1 tenant left out, with a first day that comes later.",
    ]
    assert list(place.reports()) == [("north", str(DAY))]
    _, summary = lines(place.on_day("close", "--all", **begins))
    assert (summary["tenants"], summary["beginningLater"]) == (1, 1)
    assert place.on_day("close", "--tenant", "south", **begins).status == 0


def test_a_zone_that_is_none_keeps_its_own_tenants_from_being_closed(place: TenantsPlace) -> None:
    run_sql(place.database, "UPDATE tenants SET zone = 'Mars/Olympus' WHERE id = 'south'")

    ended = place.on_day("close", "--all")

    told, _ = lines(ended)
    assert (ended.status, told["north"]["outcome"]) == (8, "created")
    assert (told["south"]["outcome"], told["south"]["runId"] != told["north"]["runId"]) == (
        "invalid",
        True,
    )


def test_what_was_closed_in_another_zone_stays_closed_and_true(place: TenantsPlace) -> None:
    assert place.on_day("close", "--all").status == 0
    run_sql(place.database, "UPDATE tenants SET zone = NULL WHERE id = 'south'")

    again = place.on_day("close", "--all")
    days = ("--from", str(DAY), "--to", str(DAY))
    verified = place.told_of("verify", "--tenant", "south", *days)

    assert (again.status, lines(again)[1]["outcomes"]) == (0, {"already_closed": 2})
    assert (verified["periods"], verified["verdicts"]["equal"]) == (1, 1)


def test_the_report_of_another_tenant_is_a_conflict_and_names_nobody_else(
    place: TenantsPlace, tmp_path: Path
) -> None:
    place.on_day("close", "--tenant", "north")
    with sqlite3.connect(tmp_path / "reports.db") as store:
        store.execute("UPDATE reports SET tenant = 'south'")

    ended = place.on_day("close", "--tenant", "south")

    assert (ended.status, ended.told["outcome"]) == (4, "conflict")
    assert "north" not in ended.told["error"]["message"].replace("northern tea", "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "tenant_missing"),
        (("--tenant", "gone"), "unknown_tenant"),
        (("--tenant", "nobody"), "unknown_tenant"),
        (("--tenant", "*"), "invalid_tenant"),
        (("--tenant", ""), "invalid_tenant"),
    ],
)
def test_who_is_not_among_the_tenants_is_refused_before_anything_is_read(
    place: TenantsPlace, arguments: tuple[str, ...], code: str
) -> None:
    ended = place.on_day("close", *arguments)

    assert (ended.status, ended.told["error"]["code"]) == (2, code)
    assert ended.told["tenant"] == (arguments[1] if arguments else None)
    assert not place.state.exists()


@pytest.mark.parametrize("faulty", [("AEGIS_TENANCY", "many"), ("AEGIS_TOP_ITEMS", "none")])
@pytest.mark.parametrize("tenant", ["south", None])
def test_what_ends_early_is_of_the_tenant_that_was_asked_for_and_of_no_other(
    place: TenantsPlace, faulty: tuple[str, str], tenant: str | None
) -> None:
    arguments = () if tenant is None else ("--tenant", tenant)

    ended = place.on_day("close", *arguments, **dict([faulty]))
    unknown = place.run("close", *arguments, "--output", "json", "--no-such")

    assert (ended.status, ended.told["outcome"], ended.told["tenant"]) == (2, "invalid", tenant)
    assert (unknown.status, unknown.told["tenant"]) == (2, tenant)
    told = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
    assert {line["tenant"] for line in told if line["event"] == "job.failed"} == {tenant or "*"}


def test_a_deployment_of_one_shop_has_no_tenant_to_choose(place: TenantsPlace) -> None:
    names = ("TENANCY", "ORDERS_TENANT", "TENANTS_TABLE", "TENANTS_ZONE")
    single = dict.fromkeys([f"AEGIS_{name}" for name in names], "")

    for arguments in (("--tenant", "north"), ("--all",)):
        ended = place.run("close", *arguments, **single)
        assert ended.status == 2
        assert "AEGIS_TENANCY=multi" in ended.err
