"""The command line as a whole: its commands, and what becomes of every way to fail."""

from collections.abc import Iterator, Sequence

import click

from aegis_batch.adapters.inbound.cli.audit import audit
from aegis_batch.adapters.inbound.cli.backfill import backfill
from aegis_batch.adapters.inbound.cli.close import (
    close,
    invalid_command,
    stop_as_json,
    usage_error_as_json,
)
from aegis_batch.adapters.inbound.cli.completion import answer_shell, completion
from aegis_batch.adapters.inbound.cli.dead_letters import dead_letters
from aegis_batch.adapters.inbound.cli.defect import defect_problem
from aegis_batch.adapters.inbound.cli.demo import demo
from aegis_batch.adapters.inbound.cli.doctor import doctor
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of_error
from aegis_batch.adapters.inbound.cli.health import health
from aegis_batch.adapters.inbound.cli.jobs import jobs
from aegis_batch.adapters.inbound.cli.json_text import json_object, json_problem
from aegis_batch.adapters.inbound.cli.options import asks_for_json
from aegis_batch.adapters.inbound.cli.output import (
    ReaderGoneError,
    ResultNotWrittenError,
    say,
    say_problem,
    write_result,
)
from aegis_batch.adapters.inbound.cli.prove import prove
from aegis_batch.adapters.inbound.cli.reports import reports
from aegis_batch.adapters.inbound.cli.runs import runs
from aegis_batch.adapters.inbound.cli.sandbox import sandbox
from aegis_batch.adapters.inbound.cli.schedules import schedules
from aegis_batch.adapters.inbound.cli.serve import control, scheduler, serve, worker
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.state import state
from aegis_batch.adapters.inbound.cli.stats import stats
from aegis_batch.adapters.inbound.cli.stopping import Stopped, let_signals_in
from aegis_batch.adapters.inbound.cli.verify import verify
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.outcome import Problem

__all__ = ["run"]

_PROGRAM = "aegis-batch"
_LEDGER_COMMANDS = (
    backfill,
    health,
    jobs,
    runs,
    schedules,
    dead_letters,
    audit,
    stats,
    state,
    reports,
)
_LEDGER_NAMES = frozenset(str(command.name) for command in (*_LEDGER_COMMANDS, verify, prove))


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
    del parameter
    if value and not context.resilient_parsing:
        write_result(f"{_PROGRAM} {context.obj.version()}")
        context.exit()


def _print_help(context: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
    del parameter
    if value and not context.resilient_parsing:
        write_result(context.get_help())
        context.exit()


@click.group(
    context_settings={"max_content_width": 100},
    epilog="""\b
Example:
  aegis-batch close --date 2026-11-21 --dry-run
\b
Exit status: 0 done, 1 a check found something (doctor, health, verify, prove, audit --check),
2 the command or a setting is wrong, 3 orders rejected, 4 refused or in conflict, 5 the Backend is
unavailable, 6 the orders can't be read, 7 the state database is unavailable, 8 done in part,
70 a defect.""",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def _commands() -> None:
    """Close the books: one exact, provable report for every business day."""


_commands.add_command(close)
_commands.add_command(completion)
_commands.add_command(doctor)
_commands.add_command(demo)
_commands.add_command(sandbox)
_commands.add_command(serve)
_commands.add_command(scheduler)
_commands.add_command(worker)
_commands.add_command(control)
_commands.add_command(verify)
_commands.add_command(prove)
for _command in _LEDGER_COMMANDS:
    _commands.add_command(_command)


def _and_below(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _and_below(below)


# click's own help option doesn't notice that what it prints can't be written.
for _command in _and_below(_commands):
    click.help_option("-h", "--help", callback=_print_help)(_command)


def run(arguments: Sequence[str], services: Services) -> int:
    """Carry out a command line and return its exit status; nothing gets past."""
    try:
        let_signals_in()
        return _carry_out(arguments, services)
    except click.ClickException as error:
        return _refusal(error, arguments, services)
    except KeyboardInterrupt as stop:
        return _stop(stop, arguments, services)
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user
        return _failure(error, arguments)


def _carry_out(arguments: Sequence[str], services: Services) -> int:
    if answer_shell(_commands, services):
        return ExitStatus.OK
    # Not click's own main, which writes to standard streams without asking whether it can.
    try:
        with _commands.make_context(_PROGRAM, list(arguments), obj=services) as context:
            status = _commands.invoke(context)
    except click.exceptions.Exit as asked_for:
        return asked_for.exit_code
    return status if isinstance(status, int) else ExitStatus.OK


def _refusal(error: click.ClickException, arguments: Sequence[str], services: Services) -> int:
    said = f"{_PROGRAM}: {error.format_message()}"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        said = error.format_message()
    elif isinstance(error, click.UsageError):
        as_json = _ledger_error_as_json(invalid_command(error), arguments)
        as_json = as_json or usage_error_as_json(error, arguments, services)
        if as_json is not None:
            return _write_last(as_json, ExitStatus.INVALID, arguments)
        if error.ctx is not None:
            said += f"\n  -> see: {error.ctx.command_path} --help"
    say(said)
    return ExitStatus.INVALID


def _stop(stop: KeyboardInterrupt, arguments: Sequence[str], services: Services) -> int:
    status = stop.exit_status if isinstance(stop, Stopped) else int(ExitStatus.INTERRUPTED)
    as_json = None if _is_of_ledger(arguments) else stop_as_json(arguments, services)
    return status if as_json is None else _write_last(as_json, status, arguments)


def _write_last(result: str, status: int, arguments: Sequence[str]) -> int:
    try:
        write_result(result, must_arrive=True)
    except ResultNotWrittenError as unwritten:
        return _failure(unwritten, arguments)
    return status


def _failure(error: Exception, arguments: Sequence[str]) -> int:
    if isinstance(error, ReaderGoneError):
        return ExitStatus.READER_GONE
    if isinstance(error, ResultNotWrittenError):
        say(f"{_PROGRAM}: the result could not be written to standard output.")
        return ExitStatus.DEFECT
    status, problem = ExitStatus.DEFECT, defect_problem(error)
    if isinstance(error, AegisError):
        status, problem = status_of_error(error), Problem.of(error)
    as_json = _ledger_error_as_json(problem, arguments)
    if as_json is not None:
        return _write_last(as_json, status, arguments)
    say_problem(problem)
    return status


def _ledger_error_as_json(problem: Problem, arguments: Sequence[str]) -> str | None:
    """Return the JSON object of a command on the ledger that failed, where JSON was asked for."""
    if not (_is_of_ledger(arguments) and asks_for_json(arguments)):
        return None
    return json_object({"error": json_problem(problem)})


def _is_of_ledger(arguments: Sequence[str]) -> bool:
    return bool(arguments) and arguments[0] in _LEDGER_NAMES
