"""``backfill --all`` over an office in memory: what it prints, and its exit statuses."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from aegis_batch.adapters.inbound.cli.backfill_everyone import planned_everyone_as_text
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.backfill_rehearsal import RehearseEveryoneUseCase
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.domain.backfill import PeriodStanding
from aegis_batch.domain.tenant import EVERYONE, Tenant
from tests.unit.adapters.inbound.cli.test_backfill import RANGE, BackfillServices
from tests.unit.application.office import Office
from tests.unit.application.test_backfill_everyone import broken, enqueue, place
from tests.unit.application.test_close_everyone import Market
from tests.unit.application.test_rehearsing_everyone import Unreadable, rehearsal

FIRST = date(2026, 11, 9)
ALL = (*RANGE, "--all")


@dataclass
class MallServices(BackfillServices):
    """Services over an office for five tenants."""

    market: Market = field(default_factory=Market)

    def tenants(self) -> TenantChoice:
        return TenantChoice(self.office.directory)

    @contextmanager
    def backfill_rehearsal_of_all(self) -> Iterator[RehearseEveryoneUseCase]:
        yield rehearsal(self.market)


@pytest.fixture
def services(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> MallServices:
    monkeypatch.setenv("COLUMNS", "160")
    tenants = [Tenant(name) for name in "abcde"]
    return MallServices(capsys, Office([], tenant=EVERYONE, tenants=tenants))


def test_a_plan_says_by_days_how_many_tenants_stand_how(services: MallServices) -> None:
    enqueue(services.office, "b", FIRST + timedelta(days=2))
    services.office.work()

    told = services.tell(*ALL)

    assert told.status == 0
    assert told.out.startswith(
        "The backfill of all tenants from 2026-11-09 to 2026-11-13: 5 days of 5 tenants\n"
    )
    assert [line.split() for line in told.out.splitlines()[2:6]] == [
        ["days", "open,", "as", "far", "as", "is", "known", "closed", "to", "do"],
        ["2026-11-09", "to", "2026-11-10", "5", "0", "5"],
        ["2026-11-11", "4", "1", "4"],
        ["2026-11-12", "to", "2026-11-13", "5", "0", "5"],
    ]
    assert "The Backend was not asked: each close asks it for itself." in told.out
    assert "To have 24 days of tenants done, 3 shards at a time, the oldest first:" in told.out


def test_a_plan_for_programs_names_the_first_that_stand_so(services: MallServices) -> None:
    told = services.tell(*ALL, "--output", "json").json

    assert (told["tenants"], told["zoneless"]) == (5, 0)
    assert (told["backfill"]["tenant"], told["backfill"]["toDo"]) == ("*", 25)
    assert told["periods"][0] == {
        "date": "2026-11-09",
        "toDo": 5,
        "standings": {"unasked": 5},
        "named": {"unasked": ["a", "b", "c", "d", "e"]},
    }


def test_a_plan_says_what_a_doubt_is_where_there_is_one(services: MallServices) -> None:
    request = BackfillRequest(tenant=EVERYONE, first_day=FIRST, last_day=FIRST)
    planned = services.office.planning.plan_everyone(request, "ana")
    [period] = planned.periods
    doubted = replace(period, counts=Counter({PeriodStanding.DOUBTED: 5}))

    told = planned_everyone_as_text(replace(planned, periods=(doubted,)))

    assert "\nClosed, in doubt: the report is there, but the orders no longer give it" in told
    assert "in doubt" not in planned_everyone_as_text(planned)


def test_a_plan_that_nobody_has_a_part_in_says_so(services: MallServices) -> None:
    services.office = Office([], tenant=EVERYONE, tenants=[Tenant("far", "Mars/Olympus")])

    told = services.tell("--from", "2026-11-09", "--to", "2026-11-09", "--all")

    assert told.status == 0
    assert told.out == (
        "The backfill of all tenants from 2026-11-09 to 2026-11-09: 1 day of 0 tenants\n\n"
        "Without a part in it, since their time zone is none: 1\n\n"
        "There is nothing to do.\n"
    )


def test_a_plan_of_many_stretches_is_cut_off(services: MallServices) -> None:
    first = date(2026, 8, 1)
    for ahead in range(0, 90, 2):
        enqueue(services.office, "a", first + timedelta(days=ahead), in_hours=1)

    told = services.tell("--from", "2026-08-01", "--to", "2026-11-13", "--all")

    assert "and 50 more: see --output json" in told.out


def test_it_is_carried_out_and_those_that_failed_are_named(services: MallServices) -> None:
    place(services.office, broken("b", FIRST), broken("c", FIRST))
    plan = services.tell(*ALL, "--output", "json").json["backfill"]["id"]

    told = services.tell("--yes", plan)

    assert told.status == 8
    assert "of all tenants from 2026-11-09 to 2026-11-13 has ended:" in told.out
    assert "23 of 25 days of tenants done, 2 failed." in told.out
    rows = [line.split()[:4] for line in told.out.splitlines() if line.startswith("2026-11-09 ")]
    assert rows == [["2026-11-09", who, "failed", "orders_rejected"] for who in "bc"]
    assert "--to 2026-11-13 --all --reprocess failed" in told.out
    assert "backfill: 25 of 25, 2 failed" in told.err
    status = services.tell("status", plan)
    assert "tenant     *\n" in status.out
    not_done = services.tell("status", plan, "--output", "json").json["notDone"]
    assert [(each["date"], each["tenant"]) for each in not_done] == [
        ("2026-11-09", "b"),
        ("2026-11-09", "c"),
    ]


def test_a_plan_that_the_world_has_left_behind_is_refused(services: MallServices) -> None:
    plan = services.tell(*ALL, "--output", "json").json["backfill"]["id"]
    enqueue(services.office, "d", FIRST)

    told = services.tell("--yes", plan)

    assert told.status == 2
    assert "2026-11-09 of d was open, as far as is known and is in flight" in told.err


def test_the_range_of_one_tenant_names_it_where_it_says_how_to_go_on(
    services: MallServices,
) -> None:
    place(services.office, broken("b", FIRST))
    plan = services.tell(*RANGE, "--tenant", "b", "--output", "json").json["backfill"]["id"]

    assert "--tenant b --reprocess failed" in services.tell("--yes", plan).out


REHEARSED = ("--from", "2026-11-19", "--to", "2026-11-20", "--all", "--dry-run")


def test_a_rehearsal_is_told_by_tables_as_it_goes_on(
    services: MallServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "aegis_batch.adapters.inbound.cli.backfill_rehearsal_everyone._ROWS_A_TABLE", 3
    )
    told = services.tell(*REHEARSED)

    assert told.status == 0
    lines = told.out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "day",
        "2026-11-19",
        "2026-11-19",
        "2026-11-20",
        "day",
        "2026-11-20",
        "4",
    ]
    assert lines[1].split()[1:4] == ["north", "0", "0.00"]
    assert lines[-1] == "4 days of tenants: 4 dry_run"
    assert told.err.splitlines()[-1] == "rehearsal: 2 of 2, 2026-11-20"


def test_a_rehearsal_is_told_as_csv_and_as_json(services: MallServices) -> None:
    services.market = Market(Tenant("north"), Tenant("far", "Mars/Olympus"))
    as_csv = services.tell(*REHEARSED, "--output", "csv")
    as_json = services.tell(*REHEARSED, "--output", "json")

    assert (as_csv.status, as_json.status) == (8, 8)
    rows = list(csv.DictReader(as_csv.out.splitlines()))
    assert [(row["date"], row["tenant"], row["revenue"], row["outcome"]) for row in rows] == [
        ("2026-11-19", "north", "0.00", "dry_run"),
        ("2026-11-19", "far", "", "invalid"),
        ("2026-11-20", "north", "5.00", "dry_run"),
        ("2026-11-20", "far", "", "invalid"),
    ]
    assert "There is no time zone Mars/Olympus." in as_csv.err
    *closes, last = map(json.loads, as_json.out.splitlines())
    assert [(each["tenant"], each["outcome"]) for each in closes] == [
        ("north", "dry_run"),
        ("far", "invalid"),
    ] * 2
    assert last == {"summary": {"period": "day", "outcomes": {"dry_run": 2, "invalid": 2}}}


def test_a_rehearsal_of_nobody_and_one_that_ended_early_say_so(services: MallServices) -> None:
    services.market = Market(Tenant("new", closes_from=date(2026, 11, 21)))
    told = services.tell(*REHEARSED)
    assert (told.status, told.err) == (0, "")
    assert told.out == "No tenant has a part in the range, so there was nothing to derive.\n"

    services.market = Market(Tenant("new", closes_from=date(2026, 11, 20)))
    assert "were not tried" not in services.tell(*REHEARSED).err
    services.market.orders = Unreadable([])
    told = services.tell(*REHEARSED)
    assert (told.status, "were not tried" in told.err) == (6, False)
    services.market.directory = Market(Tenant("old")).directory
    told = services.tell(*REHEARSED)
    assert told.status == 6
    assert "1 of 2 were not tried" in told.err
