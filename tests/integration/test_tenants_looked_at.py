"""What is looked at of two shops in two zones: verified, proved, listed, counted and decided."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.program import Ended
from tests.integration.tenants_place import DAY, TenantsPlace, open_tenants_place
from tests.servers.postgres import Database

pytestmark = pytest.mark.measured

RANGE = ("--from", str(DAY), "--to", str(DAY))


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[TenantsPlace]:
    """Where the day of both is closed."""
    with open_tenants_place(tmp_path, database) as place:
        assert place.on_day("close", "--all").status == 0
        yield place


def lines(ended: Ended) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended.out.splitlines()]


def test_the_days_of_one_tenant_or_of_all_are_verified(place: TenantsPlace) -> None:
    told = place.told_of("verify", *RANGE, "--tenant", "south")
    (verification,) = told["verifications"]
    assert (verification["tenant"], verification["verdict"]) == ("south", "equal")

    place.order(9, "south", "2026-11-21T10:00:00Z", "1.00")
    ended = place.run("verify", *RANGE, "--all")
    assert ended.status == 1
    told_lines = ended.out.splitlines()
    assert f"north  {DAY}  equal" in told_lines
    assert f"south  {DAY}  changed" in told_lines
    assert told_lines[-1] == "2 tenants: 1 equal, 1 changed"

    # What was never closed is nobody's fault, and is counted.
    before = ("--from", "2026-11-19", "--to", "2026-11-20", "--output", "json")
    ended = place.run("verify", *before, "--all")
    summary = lines(ended)[0]["summary"]
    assert (ended.status, summary["tenants"], summary["notClosed"]) == (0, 2, 4)
    assert place.run("verify", *before[:4], "--all").out == "2 tenants: 4 not closed\n"
    mixed = place.run("verify", "--from", "2026-11-20", "--to", str(DAY), "--all")
    assert mixed.out.splitlines()[-1] == "2 tenants: 1 equal, 1 changed, 2 not closed"


def test_verifying_needs_somebody_and_a_range_that_is_over(place: TenantsPlace) -> None:
    for arguments, code in [
        (RANGE, "tenant_missing"),
        ((*RANGE, "--all", "--tenant", "south"), "tenant_and_all"),
        (("--from", "2026-11-21", "--to", "2400-01-01", "--all"), "day_not_over"),
    ]:
        ended = place.run("verify", *arguments, "--output", "json")
        assert (ended.status, ended.told["error"]["code"]) == (2, code)


def test_the_day_of_a_tenant_is_proved_though_it_be_shut_since(place: TenantsPlace) -> None:
    with place.database.connect() as connection:
        connection.execute("UPDATE tenants SET active = false WHERE id = 'south'")

    proof = place.told_of("prove", str(DAY), "--tenant", "south")

    assert json.dumps(proof).count("southern tea") > 0
    assert "north" not in json.dumps(proof)
    assert place.run("prove", str(DAY)).status == 2
    ended = place.run("prove", str(DAY), "--tenant", "gone")
    assert (ended.status, "--tenant gone" in ended.err) == (2, True)


def test_runs_and_their_figures_are_told_of_one_tenant_or_of_all(place: TenantsPlace) -> None:
    told = place.run("runs").out
    assert all(word in told for word in ("tenant", "north", "south"))
    (record,) = place.told_of("runs", "--tenant", "south")["runs"]
    assert record["tenant"] == "south"

    days = ("--from", str(DAY), "--to", str(DAY))
    ranked = place.told_of("stats", *days)["tenants"]
    assert (ranked["count"], ranked["failing"]) == (2, [])
    assert {each["tenant"] for each in ranked["slowest"]} == {"north", "south"}
    assert "Slowest tenants:" in place.run("stats", *days).out
    (job,) = place.told_of("stats", *days, "--tenant", "south")["jobs"]
    assert job["runs"] == 1

    assert len(place.told_of("runs", "--all")["runs"]) == 2
    assert place.told_of("stats", *days, "--all")["tenants"] == ranked
    assert place.told_of("dead-letters", "list", "--all")["deadLetters"] == []


def test_the_chain_of_one_tenant_is_checked_or_that_of_each(place: TenantsPlace) -> None:
    (chain,) = place.told_of("audit", "--check", "--tenant", "south")["chains"]
    assert chain["tenant"] == "south"
    assert len(place.told_of("audit", "--check", "--all")["chains"]) == 2
    assert place.run("audit", "--tenant", "south").status == 2


def test_a_deployment_of_one_shop_has_no_tenant_to_look_at(place: TenantsPlace) -> None:
    names = ("TENANCY", "ORDERS_TENANT", "TENANTS_TABLE", "TENANTS_ZONE")
    single = dict.fromkeys([f"AEGIS_{name}" for name in names], "")
    for command in (
        ("runs", "--tenant", "north"),
        ("stats", "--tenant", "north"),
        ("verify", *RANGE, "--all"),
        ("prove", str(DAY), "--tenant", "north"),
        ("dead-letters", "list", "--tenant", "north"),
        ("audit", "--check", "--all"),
    ):
        ended = place.run(*command, **single)
        assert (ended.status, "AEGIS_TENANCY=multi" in ended.err) == (2, True), command
