"""``demo``: the whole close on servers of its own, with real orders."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from aegis_batch.adapters.inbound.cli.demo_story import Closing, Story
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of
from aegis_batch.adapters.inbound.cli.output import say, say_problem, write_result
from aegis_batch.adapters.inbound.cli.services import DemoGround, Services
from aegis_batch.adapters.inbound.cli.shell_lines import called_as, export_lines
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.domain.events import Event
from aegis_batch.domain.outcome import Outcome

__all__ = ["demo"]

_DAY = date(2015, 11, 27)
_NEXT_DAY = date(2015, 11, 28)
_DAY_AFTER = date(2015, 11, 29)


@click.command(
    epilog="""\b
Examples:
  aegis-batch demo                                  a look, with nothing left behind
  eval "$(aegis-batch demo --keep --output shell)"  go on with its servers in this shell
  aegis-batch demo --stop /tmp/aegis-demo-x1y2z3a4  stop what --keep left running"""
)
@click.option("--keep", is_flag=True, help="Leave the servers running, and say how to use them.")
@click.option(
    "--stop",
    "stop_folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Stop the servers that --keep left running, and remove their folder.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "shell"]),
    default="text",
    show_default=True,
    help="The show, or with --keep only the lines that a shell needs.",
)
@click.pass_obj
def demo(services: Services, *, keep: bool, stop_folder: Path | None, output: str) -> int:
    """Close a day of real orders, from nothing: no Docker, no internet, no settings.

    It starts a PostgreSQL with a week's orders of a pizza place and a stand-in Backend, closes the
    week's busiest day, closes it again, and takes everything away.
    """
    if stop_folder is not None:
        if keep:
            raise click.UsageError("--stop goes without --keep.")
        services.stop_demo(stop_folder)
        write_result(f"The demo's servers are stopped, and {stop_folder} is gone.")
        return ExitStatus.OK
    if output == "shell" and not keep:
        raise click.UsageError("--output shell goes with --keep.")
    return _show(services, keep=keep, as_shell_lines=output == "shell")


def _show(services: Services, *, keep: bool, as_shell_lines: bool) -> int:
    # Imported here, since rich takes its time.
    from aegis_batch.adapters.inbound.cli.demo_text import (  # noqa: PLC0415
        preparing,
        story_as_text,
    )

    with preparing() as prepared, services.demo_ground() as ground:
        first = _close(services, ground)
        again = _close(services, ground)
        prepared()
        for closing, expected in ((first, Outcome.CREATED), (again, Outcome.ALREADY_CLOSED)):
            if closing.result.outcome is not expected:
                return _tell_failure(closing)
        environment = export_lines(ground.exports, ground.in_the_way)
        stop = f"{called_as()} demo --stop {ground.folder}"
        if as_shell_lines:
            write_result("\n".join(environment))
            say(f"The demo's servers are running. To stop them: {stop}")
        else:
            story = Story(
                ground=ground,
                first=first,
                again=again,
                environment=environment if keep else (),
                next_commands=_next_commands(stop if keep else None),
            )
            write_result(story_as_text(story))
        if keep:
            ground.keep()
    return ExitStatus.OK


class _Listener:
    """Remembers the events of a close."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


def _close(services: Services, ground: DemoGround) -> Closing:
    """Close the day by the same way as ``close``, and keep what was told on it."""
    listener = _Listener()
    request = CloseRequest(run_id=services.new_run_id(), trace_id=services.new_trace_id(), day=_DAY)
    with services.daily_close(dry_run=False, environ=ground.environ, listener=listener) as use_case:
        result = use_case.close(request)
    return Closing(result, tuple(listener.events))


def _tell_failure(closing: Closing) -> int:
    result = closing.result
    if result.problem is not None:
        say_problem(result.problem)
    else:
        say(f"aegis-batch: the demo's close ended as {result.outcome}, which it must not.")
    return int(status_of(result.outcome)) or ExitStatus.DEFECT


def _next_commands(stop: str | None) -> Sequence[str]:
    program = called_as()
    closes = (
        f"{program} close --date {_NEXT_DAY}",
        f"{program} close --date {_DAY_AFTER} --dry-run --output json",
    )
    if stop is not None:
        return (*closes, stop)
    return (f'eval "$({program} demo --keep --output shell)"', *closes)
