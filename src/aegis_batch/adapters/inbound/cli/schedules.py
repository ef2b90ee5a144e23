"""``schedules``: look at the schedules, pause them, resume them, and start their jobs by hand."""

import click
from click.shell_completion import CompletionItem

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import json_list, json_object
from aegis_batch.adapters.inbound.cli.moments import Clockface, parse_instant
from aegis_batch.adapters.inbound.cli.options import output_option
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.runs_json import run_as_json
from aegis_batch.adapters.inbound.cli.schedules_json import (
    nominal_as_json,
    schedule_as_json,
    view_as_json,
)
from aegis_batch.adapters.inbound.cli.schedules_text import (
    nominals_as_text,
    schedules_as_text,
    view_as_text,
)
from aegis_batch.adapters.inbound.cli.services import LedgerDesk, Services
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.printable import printable
from aegis_batch.domain.run import RunState
from aegis_batch.domain.schedule import ScheduleState

__all__ = ["schedules"]

_COUNT_MAX = 1_000


def _complete_name(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of schedules that a word may become; none where the state can't tell."""
    del parameter
    services: Services = context.obj
    try:
        with services.ledger_desk() as desk:
            names = [state.schedule.name for state in desk.schedules.all()]
    except AegisError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_name_argument = click.argument("name", metavar="NAME", shell_complete=_complete_name)


@click.group(
    epilog="""\b
Examples:
  aegis-batch schedules list
  aegis-batch schedules next daily-close --count 3
  aegis-batch schedules pause daily-close --note "stock-taking until Friday"
  aegis-batch schedules trigger daily-close"""
)
def schedules() -> None:
    """Look at the schedules, pause and resume them, or start their jobs now.

    serve makes them from the settings, and carries out what is started here.
    """


@schedules.command("list")
@output_option
@click.pass_obj
def list_(services: Services, *, output: str) -> int:
    """List the schedules, with the next firing of each."""
    with services.ledger_desk() as desk:
        states = desk.schedules.all()
        if output == "json":
            text = json_object({"schedules": json_list(map(schedule_as_json, states))})
        elif states:
            text = schedules_as_text(states, lambda state: _clockface(desk, state))
        else:
            text = "There is no schedule yet: serve makes them from the settings."
    write_result(text)
    return ExitStatus.OK


@schedules.command()
@_name_argument
@output_option
@click.pass_obj
def show(services: Services, *, name: str, output: str) -> int:
    """Show one schedule, and what became of its last nominal times."""
    with services.ledger_desk() as desk:
        view = desk.schedules.view(name)
        clockface = _clockface(desk, view.state)
    now = services.clock.now()
    write_result(view_as_json(view) if output == "json" else view_as_text(view, clockface, now))
    return ExitStatus.OK


@schedules.command("next")
@_name_argument
@click.option(
    "--count",
    type=click.IntRange(1, _COUNT_MAX),
    default=5,
    show_default=True,
    metavar="N",
    help="How many firings to show.",
)
@output_option
@click.pass_obj
def next_(services: Services, *, name: str, count: int, output: str) -> int:
    """Show the next firings of a schedule, in UTC and in its zone."""
    with services.ledger_desk() as desk:
        state = desk.schedules.view(name).state
        nominals = desk.schedules.upcoming(name, count)
        clockface = _clockface(desk, state)
    if output == "json":
        write_result(nominal_as_json(state, nominals, clockface))
    else:
        write_result(nominals_as_text(state, nominals, clockface, services.clock.now()))
    return ExitStatus.OK


@schedules.command(
    epilog="""\b
Example:
  aegis-batch schedules pause daily-close --note "stock-taking until Friday" """
)
@_name_argument
@click.option("--note", required=True, help="Why; the reason of each firing that is skipped.")
@output_option
@click.pass_obj
def pause(services: Services, *, name: str, note: str, output: str) -> int:
    """Pause a schedule: its firings are skipped until it is resumed.

    What runs already goes on. Days that a paused daily-close leaves open are found by the first
    night after it was resumed, as far back as the catch-up window goes.
    """
    with services.ledger_desk() as desk:
        desk.schedules.pause(name, desk.operator, note)
    _tell_state(
        services,
        name,
        output,
        f"{printable(name)} is paused; to go on: aegis-batch schedules resume {printable(name)}",
    )
    return ExitStatus.OK


@schedules.command(
    epilog="""\b
Example:
  aegis-batch schedules resume daily-close"""
)
@_name_argument
@output_option
@click.pass_obj
def resume(services: Services, *, name: str, output: str) -> int:
    """Let a paused schedule go on; what was skipped stays skipped."""
    with services.ledger_desk() as desk:
        desk.schedules.resume(name, desk.operator)
    _tell_state(services, name, output, f"{printable(name)} goes on.")
    return ExitStatus.OK


@schedules.command(
    epilog="""\b
Examples:
  aegis-batch schedules trigger daily-close
  aegis-batch schedules trigger daily-close --at 2026-11-22T02:00:00     time of its zone
  aegis-batch schedules trigger daily-close --at 2026-11-22T05:00:00Z    the same moment"""
)
@_name_argument
@click.option(
    "--at",
    "nominal",
    metavar="NOMINAL",
    help="Start it for this nominal time, which has come and was never decided.",
)
@output_option
@click.pass_obj
def trigger(services: Services, *, name: str, nominal: str | None, output: str) -> int:
    """Start a schedule's job now, even while the schedule is paused.

    A process that serves, or a worker, carries it out. A nominal time that was decided is
    never decided again.
    """
    with services.ledger_desk() as desk:
        at = None
        if nominal is not None:
            clockface = _clockface(desk, desk.schedules.view(name).state)
            at = parse_instant(nominal, clockface.zone, clockface.name)
        record = desk.schedules.trigger(name, desk.operator, at)
    if output == "json":
        write_result(json_object({"run": run_as_json(record)}))
        return ExitStatus.OK
    held = " behind the run before it" if record.state is RunState.HELD else ""
    write_result(
        f"{printable(name)} is triggered: run {record.id} waits{held}, and a process that serves"
        " carries it out."
        f"\nSee: aegis-batch runs show {record.id}"
    )
    return ExitStatus.OK


def _clockface(desk: LedgerDesk, state: ScheduleState) -> Clockface:
    zone = state.schedule.timing.zone
    return desk.calendar if zone is None else desk.clockface_of(zone)


def _tell_state(services: Services, name: str, output: str, told: str) -> None:
    if output != "json":
        write_result(told)
        return
    with services.ledger_desk() as desk:
        state = desk.schedules.view(name).state
    write_result(json_object({"schedule": schedule_as_json(state)}))
