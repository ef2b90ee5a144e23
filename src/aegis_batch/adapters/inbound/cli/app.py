"""The command line as a whole: its commands, and what becomes of every way to fail."""

from collections.abc import Sequence

import click

from aegis_batch.adapters.inbound.cli.close import close, usage_error_as_json
from aegis_batch.adapters.inbound.cli.completion import completion
from aegis_batch.adapters.inbound.cli.defect import defect_problem
from aegis_batch.adapters.inbound.cli.demo import demo
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of
from aegis_batch.adapters.inbound.cli.output import (
    ResultNotWrittenError,
    say,
    say_problem,
    write_result,
)
from aegis_batch.adapters.inbound.cli.sandbox import sandbox
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.stopping import Stopped
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.outcome import Outcome, Problem

__all__ = ["run"]

_PROGRAM = "aegis-batch"


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001
    del parameter
    if value and not context.resilient_parsing:
        write_result(f"{_PROGRAM} {context.obj.version()}")
        context.exit()


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Example:
  aegis-batch close --date 2026-11-21 --dry-run
\b
Exit status: 0 done, 2 the command or a setting is wrong, 3 orders rejected, 4 refused or in
conflict, 5 the Backend is unavailable, 6 the orders can't be read, 70 a defect.""",
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
_commands.add_command(demo)
_commands.add_command(sandbox)


def run(arguments: Sequence[str], services: Services) -> int:
    """Carry out a command line and return its exit status; nothing gets past."""
    try:
        status = _commands.main(
            list(arguments), prog_name=_PROGRAM, standalone_mode=False, obj=services
        )
    except click.UsageError as error:
        return _usage_error(error, arguments, services)
    except click.ClickException as error:
        say(f"{_PROGRAM}: {error.format_message()}")
        return ExitStatus.INVALID
    except Stopped as stopped:
        return stopped.exit_status
    except click.Abort as error:
        # What click makes of every KeyboardInterrupt.
        stopped_by = error.__cause__
        return stopped_by.exit_status if isinstance(stopped_by, Stopped) else ExitStatus.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user
        return _failure(error)
    return status if isinstance(status, int) else ExitStatus.OK


def _failure(error: Exception) -> int:
    if isinstance(error, ResultNotWrittenError):
        say(f"{_PROGRAM}: the result could not be written to standard output.")
        return ExitStatus.DEFECT
    if isinstance(error, AegisError):
        say_problem(Problem.of(error))
        return status_of(Outcome.of(error))
    say_problem(defect_problem(error))
    return ExitStatus.DEFECT


def _usage_error(error: click.UsageError, arguments: Sequence[str], services: Services) -> int:
    as_json = usage_error_as_json(error, arguments, services)
    if as_json is not None:
        try:
            write_result(as_json)
        except ResultNotWrittenError as unwritten:
            return _failure(unwritten)
        return ExitStatus.INVALID
    hint = "" if error.ctx is None else f"\n  -> see: {error.ctx.command_path} --help"
    say(f"{_PROGRAM}: {error.format_message()}{hint}")
    return ExitStatus.INVALID
