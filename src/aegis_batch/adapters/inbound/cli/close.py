"""``close``: close one business day, week or month, or rehearse it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

import click

from aegis_batch.adapters.inbound.cli.close_json import ending_as_json
from aegis_batch.adapters.inbound.cli.defect import defect_problem
from aegis_batch.adapters.inbound.cli.ending import Ending
from aegis_batch.adapters.inbound.cli.exit_status import status_of
from aegis_batch.adapters.inbound.cli.options import (
    all_option,
    asked_kind,
    asked_tenant,
    asks_for_json,
    output_option,
    parse_day,
    tenant_option,
)
from aegis_batch.adapters.inbound.cli.output import say_problem, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.stopping import Stopped, end_at_once_on_signals
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.recording import RunListener
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.outcome import CloseResult, Outcome, Problem
from aegis_batch.domain.tenant import EVERYONE, SINGLE

__all__ = ["close", "invalid_command", "stop_as_json", "usage_error_as_json"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch close                           close yesterday
  aegis-batch close --date 2026-11-21         close that day
  aegis-batch close --period week             close the last week, Monday to Sunday
  aegis-batch close --period month --date 2026-10-01
  aegis-batch close --dry-run --output json   look at yesterday, send nothing
  aegis-batch close --tenant north            close the yesterday of one tenant of several
  aegis-batch close --all --output json       close that of all of them, a JSON line for each"""
)
@click.option(
    "--period",
    "kind",
    type=click.Choice([kind.value for kind in PeriodKind]),
    default=PeriodKind.DAY.value,
    show_default=True,
    help="What to close; a week is ISO 8601's, from Monday to Sunday.",
)
@click.option(
    "--date",
    "day",
    metavar="YYYY-MM-DD",
    callback=parse_day,
    help="The business day to close, or any day of the week or month; the last one that has ended"
    " in the calendar, such as yesterday, unless given.",
)
@click.option("--dry-run", is_flag=True, help="Read and derive, but send nothing.")
@click.option(
    "--allow-open-day",
    is_flag=True,
    help="With --dry-run: look at a day, week or month that has not ended.",
)
@tenant_option("Close the day of this tenant")
@all_option("Close the day of every active tenant")
@output_option
@click.pass_obj
def close(  # noqa: PLR0913 - its options
    services: Services,
    *,
    kind: str,
    day: date | None,
    dry_run: bool,
    allow_open_day: bool,
    tenant: str | None,
    everyone: bool,
    output: str,
) -> int:
    """Close one business day: read its orders, derive the report, hand it to the Backend.

    Or one week or month, with --period, where the Backend takes their reports. Closing twice is
    harmless: the second time it is found to be closed already.
    """
    if allow_open_day and not dry_run:
        raise click.UsageError(
            f"--allow-open-day goes with --dry-run: an open {kind} can't be closed."
        )
    request = CloseRequest(
        run_id=services.new_run_id(),
        trace_id=services.new_trace_id(),
        tenant=SINGLE if tenant is None else tenant,
        day=day,
        kind=PeriodKind(kind),
        dry_run=dry_run,
        allow_open_day=allow_open_day,
    )
    if everyone:
        from aegis_batch.adapters.inbound.cli.close_everyone import (  # noqa: PLC0415 - it costs time
            close_everyone,
        )

        services.tenants().some(tenant, everyone=True)
        return close_everyone(services, request, output)
    ending, status = _carry_out(services, request, tenant)
    # The result is written once, and never again for a signal that comes meanwhile.
    end_at_once_on_signals()
    if output == "json":
        write_result(ending_as_json(ending), must_arrive=True)
    else:
        from aegis_batch.adapters.inbound.cli.close_text import (  # noqa: PLC0415 - it costs time
            ending_as_text,
        )

        write_result(ending_as_text(ending), must_arrive=True)
        if ending.problem is not None:
            say_problem(ending.problem)
    return status


def _carry_out(services: Services, request: CloseRequest, named: str | None) -> tuple[Ending, int]:
    started = services.clock.monotonic_seconds()
    whose = named

    def ended_early(outcome: Outcome, problem: Problem) -> Ending:
        return Ending(
            run_id=request.run_id,
            trace_id=request.trace_id,
            outcome=outcome,
            duration_ms=(services.clock.monotonic_seconds() - started) * 1000,
            tenant=whose,
            kind=request.kind,
            period=request.named_period(),
            problem=problem,
        )

    ending: Ending | None = None
    begun = False
    known: list[CloseResult] = []
    listener = RunListener()
    try:
        tenant = services.tenants().some(named, everyone=False)
        assert tenant is not None  # noqa: S101 - all of them were not asked for
        whose = tenant.id
        request = replace(request, tenant=tenant.id, zone_name=tenant.zone_name)
        with services.daily_close(dry_run=request.dry_run, listener=listener) as use_case:
            begun = True
            result = use_case.close(request, if_stopped=known.append)
            ending = Ending.of(result)
            if not request.dry_run:
                services.record_close(result, listener.events)
    except AegisError as error:
        ending = ended_early(Outcome.of(error), Problem.of(error))
    except Stopped as stopped:
        if ending is not None:
            # Only what comes after the close was broken off, such as exporting its telemetry.
            return ending, int(status_of(ending.outcome))
        if not known:
            return ended_early(Outcome.UNAVAILABLE, Problem.of_stop()), stopped.exit_status
        if not request.dry_run:
            services.record_close(known[0], listener.events)
        return Ending.of(known[0]), stopped.exit_status
    except Exception as error:  # noqa: BLE001 - the last line of defence, told as a defect
        ending = ended_early(Outcome.DEFECT, defect_problem(error))
    if not begun:
        _tell_unbegun(services, request, ending)
    return ending, int(status_of(ending.outcome))


def _tell_unbegun(services: Services, request: CloseRequest, ending: Ending) -> None:
    """Tell those who watch logs and metrics, who would wait for a word of this close in vain."""
    assert ending.problem is not None  # noqa: S101 - nothing else keeps a close from beginning
    if ending.tenant is None:
        request = replace(request, tenant=EVERYONE)
    with suppress(Exception, Stopped):
        # What kept the close from beginning can keep it from being told; the result is what counts.
        services.tell_unbegun(request, ending.outcome, ending.problem.code)


def usage_error_as_json(
    error: click.UsageError, arguments: Sequence[str], services: Services
) -> str | None:
    """Return the JSON object for a ``close`` that click refused, where JSON was asked for."""
    return _unbegun_as_json(arguments, services, Outcome.INVALID, invalid_command(error))


def invalid_command(error: click.UsageError) -> Problem:
    """Return the problem of a command line that click refused."""
    path = "aegis-batch" if error.ctx is None else error.ctx.command_path
    return Problem(
        "invalid_command", error.format_message(), f"See: {path} --help", retryable=False
    )


def stop_as_json(arguments: Sequence[str], services: Services) -> str | None:
    """Return the JSON object for a ``close`` stopped before it began, where JSON was asked for."""
    return _unbegun_as_json(arguments, services, Outcome.UNAVAILABLE, Problem.of_stop())


def _unbegun_as_json(
    arguments: Sequence[str], services: Services, outcome: Outcome, problem: Problem
) -> str | None:
    if "close" not in arguments or not asks_for_json(arguments):
        return None
    ending = Ending(
        services.new_run_id(),
        services.new_trace_id(),
        outcome,
        0.0,
        tenant=asked_tenant(arguments),
        kind=asked_kind(arguments),
        problem=problem,
    )
    return ending_as_json(ending)
