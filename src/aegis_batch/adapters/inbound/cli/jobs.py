"""``jobs``: look at defined jobs, apply a file of them, start, pause and resume them."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.jobs_file import read_jobs
from aegis_batch.adapters.inbound.cli.jobs_json import applied_as_json, job_as_json
from aegis_batch.adapters.inbound.cli.jobs_text import applied_as_text, job_as_text, jobs_as_text
from aegis_batch.adapters.inbound.cli.json_text import json_list, json_object
from aegis_batch.adapters.inbound.cli.options import output_option, tenant_option
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.runs_json import run_as_json
from aegis_batch.adapters.inbound.cli.services import LedgerDesk, Services
from aegis_batch.application.actor import Actor
from aegis_batch.application.job_views import JobView
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.printable import printable
from aegis_batch.domain.tenant import EVERYONE

__all__ = ["jobs"]

_LISTED_MAX = 10_000
_SHOWN_MAX = 20


def _actor(desk: LedgerDesk) -> Actor:
    return Actor(desk.operator)


def _complete_name(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of jobs that a word may become; none where the state can't tell."""
    del parameter
    services: Services = context.obj
    try:
        with services.ledger_desk() as desk:
            names = [view.definition.name for view in _listed(desk, JobFilter())]
    except AegisError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_name_argument = click.argument("name", metavar="NAME", shell_complete=_complete_name)
_of_tenant_option = tenant_option("The job of this tenant, or of * for one of all")


@click.group(
    epilog="""\b
Examples:
  aegis-batch jobs list
  aegis-batch jobs apply deploy/jobs.toml --dry-run
  aegis-batch jobs run calculate-rankings
  aegis-batch jobs pause calculate-rankings --note "the service is being moved" """
)
def jobs() -> None:
    """Look at defined jobs, apply a file of them, start, pause and resume them.

    serve fires them, and carries out what is started here.
    """


@jobs.command("list")
@click.option("--group", metavar="GROUP", help="Those of a group alone.")
@click.option("--event", metavar="TYPE", help="Those alone that a type of events starts.")
@output_option
@click.pass_obj
def list_(services: Services, *, group: str | None, event: str | None, output: str) -> int:
    """List the jobs in the order in which they were made."""
    with services.ledger_desk() as desk:
        views = _listed(desk, JobFilter(group=group, event=event))[::-1]
    if output == "json":
        write_result(json_object({"jobs": json_list(map(job_as_json, views))}))
    elif views:
        write_result(jobs_as_text(views))
    else:
        write_result("No jobs are defined. Make some: aegis-batch jobs apply FILE")
    return ExitStatus.OK


@jobs.command()
@_name_argument
@_of_tenant_option
@output_option
@click.pass_obj
def show(services: Services, *, name: str, tenant: str | None, output: str) -> int:
    """Show a job, by its name or id, with its last runs.

    A name that several tenants' jobs have needs --tenant.
    """
    with services.ledger_desk() as desk:
        view = _named(services, desk, name, tenant)
        runs = desk.job_views.executions_of(view.definition.id, _SHOWN_MAX, _actor(desk))
    if output == "json":
        told = json_list(run_as_json(each.record) for each in runs)
        write_result(json_object({"job": job_as_json(view), "runs": told}))
    else:
        write_result(job_as_text(view, runs))
    return ExitStatus.OK


@jobs.command(
    epilog="""\b
Examples:
  aegis-batch jobs apply deploy/jobs.toml --dry-run    what would change
  aegis-batch jobs apply deploy/jobs.toml              twice changes nothing"""
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@output_option
@click.pass_obj
def apply(services: Services, *, file: Path, dry_run: bool, output: str) -> int:
    """Make the jobs of a TOML file, and change those that are otherwise.

    Jobs are known by their tenants and names; those that the file doesn't name stay as they are.
    """
    with services.ledger_desk() as desk:
        drafts = read_jobs(file, desk.calendar.name)
        applied = desk.jobs.apply(drafts, _actor(desk), dry_run=dry_run)
    if output == "json":
        write_result(json_object({"jobs": json_list(map(applied_as_json, applied))}))
    else:
        write_result(applied_as_text(applied, dry_run=dry_run))
    return ExitStatus.OK


@jobs.command()
@_name_argument
@_of_tenant_option
@output_option
@click.pass_obj
def run(services: Services, *, name: str, tenant: str | None, output: str) -> int:
    """Start a job now, whatever its times, conditions, dependencies and pauses say.

    A process that serves, or a worker, carries it out.
    """
    with services.ledger_desk() as desk:
        job_id = _named(services, desk, name, tenant).definition.id
        record = desk.job_starts.execute(job_id, _actor(desk))
    if output == "json":
        write_result(json_object({"run": run_as_json(record)}))
    else:
        write_result(
            f"{printable(name)} is started: run {record.id} waits, and a process that serves"
            " carries it out."
            f"\nSee: aegis-batch runs show {record.id}"
        )
    return ExitStatus.OK


@jobs.command()
@click.argument("name", metavar="[NAME]", required=False, shell_complete=_complete_name)
@_of_tenant_option
@click.option("--group", metavar="GROUP", help="All jobs of a group, in place of one.")
@click.option("--all", "everything", is_flag=True, help="The whole scheduler, nights and all.")
@click.option("--note", required=True, help="Why; the reason of each firing that is skipped.")
@click.pass_obj
def pause(  # noqa: PLR0913 - one for each option
    services: Services,
    *,
    name: str | None,
    tenant: str | None,
    group: str | None,
    everything: bool,
    note: str,
) -> int:
    """Pause a job, a group, or the whole scheduler until it is resumed.

    Firings are skipped, and no event starts a job.
    """
    scope = _scope(name, tenant, group, everything=everything)
    with services.ledger_desk() as desk:
        if name is None:
            desk.job_pauses.pause_all(group, note, _actor(desk))
        else:
            _pause(desk, _named(services, desk, name, tenant), note)
    write_result(f"{scope} is paused; to go on: aegis-batch jobs resume with the same words.")
    return ExitStatus.OK


@jobs.command()
@click.argument("name", metavar="[NAME]", required=False, shell_complete=_complete_name)
@_of_tenant_option
@click.option("--group", metavar="GROUP", help="All jobs of a group, in place of one.")
@click.option("--all", "everything", is_flag=True, help="The whole scheduler, nights and all.")
@click.pass_obj
def resume(
    services: Services,
    *,
    name: str | None,
    tenant: str | None,
    group: str | None,
    everything: bool,
) -> int:
    """Let a job, a group, or the whole scheduler go on; what was skipped stays skipped."""
    scope = _scope(name, tenant, group, everything=everything)
    with services.ledger_desk() as desk:
        if name is None:
            desk.job_pauses.resume_all(group, _actor(desk))
        else:
            _resume(desk, _named(services, desk, name, tenant))
    write_result(f"{scope} goes on.")
    return ExitStatus.OK


def _pause(desk: LedgerDesk, view: JobView, note: str) -> None:
    if view.state is None or view.own_pause is not None:
        desk.job_pauses.pause(view.definition.id, note, _actor(desk))
    else:
        desk.schedules.pause(view.definition.schedule_name, desk.operator, note)


def _resume(desk: LedgerDesk, view: JobView) -> None:
    """Take every pause of a job away: its own, that of its schedule, or both."""
    is_of_schedule = view.state is not None and view.state.pause is not None
    if view.own_pause is not None or not is_of_schedule:
        desk.job_pauses.resume(view.definition.id, _actor(desk))
    if is_of_schedule:
        desk.schedules.resume(view.definition.schedule_name, desk.operator)


def _named(services: Services, desk: LedgerDesk, name: str, tenant: str | None) -> JobView:
    """Return the job of a name or an id, of a tenant where one is named."""
    if tenant not in (None, EVERYONE):
        tenant = services.tenants().named(tenant)
    return desk.job_views.named(name, _actor(desk), tenant)


def _scope(name: str | None, tenant: str | None, group: str | None, *, everything: bool) -> str:
    if [name is not None, group is not None, everything].count(True) != 1:
        raise click.UsageError("Name a job, or a group with --group, or all with --all.")
    if tenant is not None and name is None:
        raise click.UsageError("--tenant goes with the name of a job.")
    if everything:
        return "The scheduler"
    return printable(name) if name is not None else f"The group {printable(group or '')}"


def _listed(desk: LedgerDesk, wanted: JobFilter) -> list[JobView]:
    return desk.job_views.jobs(wanted, _LISTED_MAX, _actor(desk))
