"""The ``jobs`` command over a state in memory."""

from datetime import timedelta
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.application.firing import FireDueUseCase
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.domain.tenant import Tenant
from tests.unit.adapters.inbound.cli.ledger_services import LedgerServices

_SAMPLE = Path(__file__).parents[5] / "deploy" / "jobs.toml"
_NAMES = [
    "backup-database",
    "calculate-rankings",
    "send-daily-reports",
    "cleanup-audit-logs",
    "process-financial-batch",
    "backfill-new-tenant",
    "verify-corrected-day",
]


@pytest.fixture
def applied(ledger: LedgerServices) -> LedgerServices:
    """Services whose state has the jobs of the sample file."""
    ledger.tell("jobs", "apply", str(_SAMPLE))
    return ledger


def _file(folder: Path, *jobs: str) -> str:
    path = folder / "jobs.toml"
    path.write_text("\n".join(f"[[job]]\n{job}" for job in jobs))
    return str(path)


def _deeds(told: dict[str, object]) -> list[str]:
    jobs = told["jobs"]
    assert isinstance(jobs, list)
    return [each["deed"] for each in jobs]


def test_without_jobs_it_says_how_to_make_some(ledger: LedgerServices) -> None:
    assert "jobs apply FILE" in ledger.tell("jobs", "list").out


def test_a_file_is_applied_once_and_a_second_time_changes_nothing(
    ledger: LedgerServices,
) -> None:
    rehearsed = ledger.tell("jobs", "apply", str(_SAMPLE), "--dry-run", "--output", "json").json
    assert _deeds(rehearsed) == ["created"] * 7
    assert ledger.tell("jobs", "list", "--output", "json").json == {"jobs": []}

    first = ledger.tell("jobs", "apply", str(_SAMPLE), "--output", "json").json
    again = ledger.tell("jobs", "apply", str(_SAMPLE))

    assert _deeds(first) == ["created"] * 7
    assert "0 of 7 changed." in again.out
    assert len(ledger.state._turn.audit.newest(99)) == 7  # noqa: SLF001 - all that was noted


def test_what_differs_is_told_and_changed(applied: LedgerServices, tmp_path: Path) -> None:
    changed = _SAMPLE.read_text().replace('"0 30 23 * * *"', '"0 45 23 * * *"')
    path = tmp_path / "jobs.toml"
    path.write_text(changed.replace("The rankings,", "Rankings,"))

    rehearsed = applied.tell("jobs", "apply", str(path), "--dry-run").out
    applied.tell("jobs", "apply", str(path))
    shown = applied.tell("jobs", "show", "process-financial-batch", "--output", "json").json

    assert "process-financial-batch  default  changed    timing" in rehearsed
    assert "calculate-rankings       default  changed    description" in rehearsed
    assert "2 of 7 would change." in rehearsed
    assert (shown["job"]["cron"], shown["job"]["version"]) == ("0 45 23 * * *", 2)


def test_jobs_are_listed_in_the_order_of_their_making(applied: LedgerServices) -> None:
    told = applied.tell("jobs", "list", "--output", "json").json["jobs"]
    by_event = applied.tell("jobs", "list", "--event", "OrderCorrected").out

    assert {job["name"] for job in told} == set(_NAMES)
    assert told[0]["nextAt"] is not None
    assert "on OrderCorrected" in by_event
    assert "backup-database" not in by_event
    text = applied.tell("jobs", "list").out
    assert "POST resultados /jobs/calculate-rankings" in text
    assert "0 */15 * * * * (America/Sao_Paulo)" in text


def test_a_job_is_shown_with_its_runs(applied: LedgerServices) -> None:
    before = applied.tell("jobs", "show", "calculate-rankings").out
    started = applied.tell("jobs", "run", "calculate-rankings").out
    after = applied.tell("jobs", "show", "calculate-rankings").out

    assert "It has not run yet." in before
    assert "and a process that serves carries it out" in started
    assert "PENDING" in after
    assert "daysBack" in applied.tell("jobs", "show", "backfill-new-tenant").out


def test_a_started_job_is_told_as_a_run(applied: LedgerServices) -> None:
    run = applied.tell("jobs", "run", "verify-corrected-day", "--output", "json").json["run"]

    assert (run["job"], run["trigger"], run["state"]) == ("verify", "hand", "queued")


def test_a_job_a_group_and_all_are_paused_and_resumed(
    ledger: LedgerServices, tmp_path: Path
) -> None:
    every_hour = 'kind = "FIXED_RATE"\nevery_seconds = 3600\nservice = "resultados"'
    path = _file(
        tmp_path,
        f'name = "one"\nendpoint = "/a"\n{every_hour}',
        f'name = "two"\nendpoint = "/b"\ngroup = "g"\n{every_hour}',
    )
    ledger.tell("jobs", "apply", path)

    assert "one is paused" in ledger.tell("jobs", "pause", "one", "--note", "why").out
    assert "paused" in ledger.tell("jobs", "show", "one").out
    assert (
        "The group g is paused" in ledger.tell("jobs", "pause", "--group", "g", "--note", "so").out
    )
    ledger.clock.advance(timedelta(hours=1))
    FireDueUseCase(ledger.ledger, ledger.firing).fire()
    assert "It has not run yet." in ledger.tell("jobs", "show", "one").out
    assert "It has not run yet." in ledger.tell("jobs", "show", "two").out

    assert "one goes on." in ledger.tell("jobs", "resume", "one").out
    assert "The group g goes on." in ledger.tell("jobs", "resume", "--group", "g").out
    assert "The scheduler is" in ledger.tell("jobs", "pause", "--all", "--note", "x").out
    assert "The scheduler goes" in ledger.tell("jobs", "resume", "--all").out
    assert ledger.tell("jobs", "resume", "--all").err
    assert "Name a job" in ledger.tell("jobs", "resume").err


_KINDS = {
    "cron": 'kind = "CRON"\ncron = "0 0 2 * * *"',
    "rate": 'kind = "FIXED_RATE"\nevery_seconds = 3600',
    "delay": 'kind = "FIXED_DELAY"\nevery_seconds = 3600',
    "once": 'kind = "ONE_TIME"\nat = 2099-01-01T00:00:00Z',
    "event": 'events = ["OrderCorrected"]',
    "both": 'kind = "FIXED_RATE"\nevery_seconds = 3600\nevents = ["OrderCorrected"]',
    "hand": "",
    "inactive": 'kind = "FIXED_RATE"\nevery_seconds = 3600\nactive = false',
}
_TASKS = {
    "http": 'service = "resultados"\nendpoint = "/a"',
    **{
        task: f'task = "{task}"'
        for task in ("daily_close", "weekly_close", "monthly_close", "verify", "retention")
    },
    "rebuild": 'task = "rebuild"\npayload = { daysBack = 2 }',
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("task", ["http", "rebuild"])
def test_a_job_of_each_kind_is_paused_and_resumed_by_name(
    ledger: LedgerServices, tmp_path: Path, kind: str, task: str
) -> None:
    path = _file(tmp_path, f'name = "one"\n{_TASKS[task]}\n{_KINDS[kind]}')
    assert ledger.tell("jobs", "apply", path).status == 0

    paused = ledger.tell("jobs", "pause", "one", "--note", "why")
    assert (paused.status, paused.err) == (0, "")
    shown = ledger.tell("jobs", "show", "one", "--output", "json").json["job"]
    assert shown["pause"]["note"] == "why"
    [listed] = ledger.tell("jobs", "list", "--output", "json").json["jobs"]
    assert listed["pause"] == shown["pause"]
    assert "paused" in ledger.tell("jobs", "list").out or kind == "inactive"
    assert "was paused by" in ledger.tell("jobs", "pause", "one", "--note", "again").err

    assert ledger.tell("jobs", "resume", "one").status == 0
    assert ledger.tell("jobs", "show", "one", "--output", "json").json["job"]["pause"] is None
    assert "is not paused" in ledger.tell("jobs", "resume", "one").err
    assert ledger.tell("jobs", "pause", "one", "--note", " ").err


@pytest.mark.parametrize("task", _TASKS)
def test_a_job_of_each_task_is_applied_listed_shown_and_run(
    ledger: LedgerServices, tmp_path: Path, task: str
) -> None:
    path = _file(tmp_path, f'name = "one"\n{_TASKS[task]}')
    assert "created" in ledger.tell("jobs", "apply", path).out
    assert "by hand" in ledger.tell("jobs", "list").out
    started = ledger.tell("jobs", "run", "one", "--output", "json").json["run"]
    assert started["state"] == "queued"
    assert started["id"] in ledger.tell("jobs", "show", "one").out


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (
            'name = "a"\nservice = "unknown"\nendpoint = "/"',
            "Job a: The job's service is not registered",
        ),
        ('name = "a"\nservice = "resultados"\nendpoint = "//x"', "endpoint must be a path"),
        ('name = "a"\ncron = "0 0 2 * * *"', "it has a time, but no kind"),
        ('name = "a"\nkind = "ONE_TIME"\ncron = "0 0 2 * * *"', "don't go with the kind ONE_TIME"),
        ('name = "a"\nstranger = 1', "stranger"),
        ('name = "a"\ntask = "retention"\ndepends_on = ["b"]', "name b, which there is none of"),
        (
            'name = "a"\ntask = "retention"\nkind = "CRON"\ncron = "0 0 30 2 *"',
            "is no cron expression",
        ),
        ('name = "a', "it is no TOML"),
    ],
)
def test_a_file_that_is_unfit_changes_nothing(
    ledger: LedgerServices, tmp_path: Path, job: str, told: str
) -> None:
    path = _file(tmp_path, 'name = "fit"\ntask = "retention"', job)

    assert told in ledger.tell("jobs", "apply", path).err
    assert ledger.tell("jobs", "list", "--output", "json").json == {"jobs": []}


def test_jobs_of_a_file_that_go_in_a_circle_are_refused_with_it(
    ledger: LedgerServices, tmp_path: Path
) -> None:
    names = (("a", "b"), ("b", "c"), ("c", "a"))
    path = _file(
        tmp_path,
        *(f'name = "{name}"\ntask = "retention"\ndepends_on = ["{on}"]' for name, on in names),
    )

    told = ledger.tell("jobs", "apply", path).err

    assert "go in a circle: " in told
    assert " -> ".join("abca") in told or " -> ".join("bcab") in told or " -> ".join("cabc") in told


def test_a_later_job_may_be_depended_on(ledger: LedgerServices, tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        'name = "second"\ntask = "retention"\ndepends_on = ["first"]',
        'name = "first"\ntask = "retention"\nkind = "ONE_TIME"\nat = 2027-01-01T00:00:00',
    )

    assert _deeds(ledger.tell("jobs", "apply", path, "--output", "json").json) == ["created"] * 2
    assert "0 of 2 changed." in ledger.tell("jobs", "apply", path).out


@pytest.fixture
def market(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> LedgerServices:
    """Services where the north, the south and all of them have a job of one name."""
    directory = InMemoryTenantDirectory([Tenant("north"), Tenant("south")], "UTC")
    services = LedgerServices(capfd, choice=TenantChoice(directory), several_tenants=True)
    jobs = [
        f'name = "one"\n{_TASKS["http"]}\ntenant = "{each}"' for each in ("north", "south", "*")
    ]
    assert (
        _deeds(services.tell("jobs", "apply", _file(tmp_path, *jobs), "--output", "json").json)
        == ["created"] * 3
    )
    return services


def test_jobs_of_one_name_are_of_their_tenants(market: LedgerServices, tmp_path: Path) -> None:
    again = f'name = "one"\n{_TASKS["http"]}\ntenant = "south"'
    twice = _file(tmp_path, again, again)

    assert "stands in the file twice for one tenant" in market.tell("jobs", "apply", twice).err
    told = market.tell("jobs", "apply", _file(tmp_path, again)).out
    assert "one  south   unchanged" in told


@pytest.mark.parametrize(
    ("command", "more"),
    [("show", ()), ("run", ()), ("pause", ("--note", "why")), ("resume", ())],
)
def test_a_name_that_several_have_is_refused_until_the_tenant_is_named(
    market: LedgerServices, command: str, more: tuple[str, ...]
) -> None:
    refused = market.tell("jobs", command, "one", *more)
    assert "Several jobs have the name one: " in refused.err
    assert all(f" of {each}" in refused.err for each in ("north", "south", "*"))
    assert "--tenant" in refused.err

    market.tell("jobs", "pause", "one", "--tenant", "north", "--note", "why")
    assert not market.tell("jobs", "pause", "one", "--tenant", "*", "--note", "why").err
    jobs = market.tell("jobs", "list", "--output", "json").json["jobs"]
    assert {each["tenant"] for each in jobs if each["pause"]} == {"north", "*"}
    [norths] = [each["id"] for each in jobs if each["tenant"] == "north"]
    assert norths in market.tell("jobs", "show", norths).out
    assert norths in market.tell("jobs", "show", norths, "--tenant", "north").out
    assert "There is no job" in market.tell("jobs", "show", norths, "--tenant", "south").err


def test_a_tenant_is_chosen_for_a_name_alone(
    market: LedgerServices, ledger: LedgerServices
) -> None:
    assert "goes with the name" in market.tell("jobs", "resume", "--all", "--tenant", "north").err
    assert "of one shop" in ledger.tell("jobs", "show", "one", "--tenant", "north").err


def test_a_file_that_is_not_there_is_told(ledger: LedgerServices, tmp_path: Path) -> None:
    told = ledger.tell("jobs", "apply", str(tmp_path / "none.toml")).err
    assert "can't be read" in told


def test_an_unknown_job_is_told(ledger: LedgerServices) -> None:
    assert "There is no job x." in ledger.tell("jobs", "show", "x").err
