"""The commands on the ledger where there are several tenants."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.domain.run import RunState
from aegis_batch.domain.tenant import Tenant
from tests.unit.adapters.inbound.cli.ledger_services import NOW, ZONE, LedgerServices, record_of


@pytest.fixture
def several(ledger: LedgerServices) -> LedgerServices:
    """Services of two tenants, each with a close that failed for good."""
    tenants = [Tenant("north"), Tenant("south", "Asia/Tokyo")]
    ledger.choice = TenantChoice(InMemoryTenantDirectory(tenants, ZONE))
    ledger.bury("of-north", tenant="north")
    ledger.bury("of-south", tenant="south")
    return ledger


def open_letters(services: LedgerServices, *options: str) -> list[str]:
    told = services.tell("dead-letters", "list", "--output", "json", *options).json
    return sorted(letter["runId"] for letter in told["deadLetters"])


def test_dead_letters_are_listed_of_one_tenant_or_of_all(several: LedgerServices) -> None:
    assert open_letters(several) == ["of-north", "of-south"]
    assert open_letters(several, "--tenant", "south") == ["of-south"]
    heading, *lines = several.tell("dead-letters", "list").out.splitlines()
    assert heading.split()[1] == "tenant"
    assert sorted(line.split()[1] for line in lines) == ["north", "south"]


@pytest.mark.parametrize("decision", ["replay", "discard"])
def test_all_open_dead_letters_of_a_tenant_are_decided_about_at_once(
    several: LedgerServices, decision: str
) -> None:
    several.bury("of-south-too", NOW.date() - timedelta(days=3), tenant="south")
    decide = ("dead-letters", decision, "--tenant", "south", "--reason", "it is mended")

    told = several.tell(*decide, "--output", "json").json["decided"]

    assert sorted(each["deadLetter"]["runId"] for each in told) == ["of-south", "of-south-too"]
    assert open_letters(several) == ["of-north"]
    assert several.tell(*decide).out == "There is no dead letter that is open.\n"


@pytest.mark.parametrize("decision", ["replay", "discard"])
def test_no_dead_letters_of_a_tenant_that_there_is_not_can_be_decided_about(
    several: LedgerServices, decision: str
) -> None:
    several.bury("of-former", tenant="former")
    decide = ("dead-letters", decision, "--reason", "r", "--tenant")

    unknown = several.tell(*decide, "nobody")
    former = [several.tell(*decide, "former").status for _ in range(2)]

    assert unknown.status == 2
    assert "There is no active tenant nobody." in unknown.err
    assert former == [0, 0]


def test_a_decision_is_about_named_dead_letters_or_about_a_tenants_and_names_whose(
    several: LedgerServices,
) -> None:
    for arguments in ((), ("of-south", "--tenant", "south")):
        told = several.tell("dead-letters", "discard", *arguments, "--reason", "r")
        assert (told.status, "or all of one tenant with --tenant" in told.err) == (2, True)

    told = several.tell("dead-letters", "discard", "of-south", "--reason", "r")
    assert "2026-11-21  south  close  of-south  discarded" in told.out


def test_a_replay_keeps_the_zone_that_its_day_was_settled_by(several: LedgerServices) -> None:
    with several.state.turn() as turn:
        record = turn.runs.get("of-south")
        assert record is not None
        turn.runs.save(replace(record, zone_name="Asia/Tokyo"))

    several.tell("dead-letters", "replay", "of-south", "--reason", "r")

    with several.state.look() as turn:
        zones = {record.zone_name for record in turn.runs.of(("tenant", "south"))}  # type: ignore[attr-defined] # in memory
    assert zones == {"Asia/Tokyo"}


def test_runs_are_listed_with_their_tenants_or_of_one_alone(several: LedgerServices) -> None:
    several.keep(record_of("waiting", tenant="north"))

    heading, *lines = several.tell("runs").out.splitlines()

    assert heading.split()[1] == "tenant"
    assert sorted(line.split()[1] for line in lines) == ["north", "north", "south"]
    runs = several.tell("runs", "--tenant", "south", "--output", "json").json["runs"]
    assert [run["id"] for run in runs] == ["of-south"]
    assert several.tell("runs", "--tenant", "west").out == "No run is known of that kind.\n"


def test_the_worst_tenants_are_named_unless_one_is_asked_about(several: LedgerServices) -> None:
    done = replace(record_of("done", tenant="north"), state=RunState.SUCCEEDED, duration_ms=12_000)
    several.keep(done)

    told = several.tell("stats").out

    assert (
        "Slowest tenants:\ntenant  closes  failed  usual time\nnorth   2       1       12.0 s"
        in (told)
    )
    assert "Tenants whose closes failed most:" in told
    as_json = several.tell("stats", "--output", "json").json
    assert as_json["tenants"]["count"] == 2
    assert [each["usualMs"] for each in as_json["tenants"]["slowest"]] == [12_000]
    of_one = several.tell("stats", "--tenant", "south", "--output", "json").json
    assert "tenants" not in of_one
    assert [job["runs"] for job in of_one["jobs"]] == [1]


def test_the_chains_are_checked_of_one_tenant_or_of_all(several: LedgerServices) -> None:
    for options in (("--tenant", "south"), ("--all",), ()):
        assert several.tell("audit", "--check", *options, "--output", "json").json["chains"] == []
    told = several.tell("audit", "--all")
    assert (told.status, "--tenant and --all go with --check" in told.err) == (2, True)


def test_a_deployment_of_one_shop_names_no_tenant(ledger: LedgerServices) -> None:
    ledger.bury("run")
    heading = ledger.tell("runs").out.splitlines()[0]
    assert "tenant" not in heading
    assert "tenants" not in ledger.tell("stats", "--output", "json").json
    told = ledger.tell("runs", "--tenant", "north")
    assert (told.status, "Leave out --tenant and --all" in told.err) == (2, True)
