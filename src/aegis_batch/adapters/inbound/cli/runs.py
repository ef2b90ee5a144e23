"""``runs``: the history of what was done, and one run with all that is known of it."""

from datetime import date

import click

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import json_list, json_object, json_value
from aegis_batch.adapters.inbound.cli.options import (
    all_option,
    limit_option,
    output_option,
    parse_day,
    tenant_option,
)
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.runs_json import history_as_json, run_as_json
from aegis_batch.adapters.inbound.cli.runs_text import history_as_text, runs_as_text
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.run import RunState

__all__ = ["runs"]


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  aegis-batch runs                             the last 20 runs, newest first
  aegis-batch runs --status failed             those that failed for good
  aegis-batch runs --date 2026-11-21           all that was done about that day
  aegis-batch runs --tenant north              those of one tenant of several
  aegis-batch runs show RUN                    one run: timeline, attempts, seal, error
\b
States: held and queued wait for their turn, running is under way, waiting will be tried again,
succeeded, failed and cancelled are over.""",
)
@click.option(
    "--status",
    "states",
    type=click.Choice([state.value for state in RunState]),
    multiple=True,
    help="Only runs in this state; may be given several times.",
)
@click.option(
    "--date",
    "day",
    metavar="YYYY-MM-DD",
    callback=parse_day,
    help="Only runs about this business day.",
)
@tenant_option("Only runs of this tenant")
@all_option("Those of all tenants, as without either")
@limit_option
@output_option
@click.pass_context
def runs(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    states: tuple[str, ...],
    day: date | None,
    tenant: str | None,
    everyone: bool,
    limit: int,
    output: str,
) -> int:
    """Show what was run, when, and how it ended."""
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return ExitStatus.OK
    services: Services = context.obj
    tenants = services.tenants()
    wanted = RunFilter(
        states=frozenset(map(RunState, states)),
        day=day,
        tenant=tenants.named(tenant, everyone=everyone),
    )
    with services.ledger_desk() as desk:
        found = desk.history.runs(wanted, limit)
    if output == "json":
        write_result(
            json_object({"runs": json_list(map(run_as_json, found)), "limit": json_value(limit)})
        )
    elif found:
        write_result(runs_as_text(found, desk.calendar, names_tenants=tenants.is_among_several))
        if len(found) == limit:
            write_result(f"\nThese are the newest {limit}; there may be more: --limit {limit * 2}")
    else:
        write_result("No run is known" + (" of that kind." if states or day or tenant else " yet."))
    return ExitStatus.OK


@runs.command(
    epilog="""\b
Example:
  aegis-batch runs show 0b2a6f5e-3c1d-4f7a-9a51-7f8f2f0e5d11"""
)
@click.argument("run_id", metavar="RUN")
@output_option
@click.pass_obj
def show(services: Services, *, run_id: str, output: str) -> int:
    """Show one run: how it went, its timeline, its seal and its error."""
    with services.ledger_desk() as desk:
        history = desk.history.run(run_id)
    if output == "json":
        write_result(history_as_json(history))
    else:
        write_result(history_as_text(history, desk.calendar))
    return ExitStatus.OK


def _refuse_options(context: click.Context) -> None:
    """Refuse options of the list that stand before ``show``, where they would mean nothing."""
    for name in context.params:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("options go behind the command: aegis-batch runs show RUN ...")
