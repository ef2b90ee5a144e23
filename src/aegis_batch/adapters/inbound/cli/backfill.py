"""``backfill``: close a range of past days, weeks or months, which is planned first."""

from datetime import date

import click

from aegis_batch.adapters.inbound.cli.backfill_json import (
    backfills_as_json,
    planned_as_json,
    view_as_json,
)
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.options import limit_option, output_option, parse_day
from aegis_batch.adapters.inbound.cli.output import say, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.backfill_planning import BackfillRequest
from aegis_batch.domain.backfill import Reprocess
from aegis_batch.domain.calendar import PeriodKind

__all__ = ["backfill"]

_AT_ONCE_MAX = 32


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  aegis-batch backfill --from 2026-01-01 --to 2026-10-31            plan it, start nothing
  aegis-batch backfill --yes PLAN                                   carry the plan out
  aegis-batch backfill --from 2026-01-01 --to 2026-01-31 --dry-run  rehearse it, send nothing
  aegis-batch backfill status
\b
Exit status: 0 all is done, 2 the command, or the plan is outdated, 8 done in part; 3, 4, 5, 6
where all of it failed in the way that close ends with so; 7 the state is unavailable; 130 and 143
stopped by SIGINT and SIGTERM: it goes on with backfill resume, or with serve.""",
)
@click.option(
    "--from",
    "first_day",
    metavar="YYYY-MM-DD",
    callback=parse_day,
    help="The first business day of the range.",
)
@click.option(
    "--to",
    "last_day",
    metavar="YYYY-MM-DD",
    callback=parse_day,
    help="The last business day of the range, which is included.",
)
@click.option(
    "--period",
    "kind",
    type=click.Choice([kind.value for kind in PeriodKind]),
    default=PeriodKind.DAY.value,
    show_default=True,
    help="What is closed: each day, or each week or month that holds a day of the range.",
)
@click.option(
    "--reprocess",
    type=click.Choice([each.value for each in Reprocess]),
    default=Reprocess.NONE.value,
    show_default=True,
    help="Beside what is open: what failed for good, or also what is closed, which is derived"
    " again and compared.",
)
@click.option("--newest-first", is_flag=True, help="Begin with the newest, not the oldest.")
@click.option(
    "--max-active",
    type=click.IntRange(1, _AT_ONCE_MAX),
    metavar="N",
    help="How many may be queued or under way at a time; AEGIS_BACKFILL_MAX_ACTIVE unless given.",
)
@click.option("--yes", "plan_id", metavar="PLAN", help="Carry this plan out.")
@click.option("--dry-run", is_flag=True, help="Derive the whole range now, and send nothing.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="For people, or for programs; csv goes with --dry-run.",
)
@click.pass_context
def backfill(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    first_day: date | None,
    last_day: date | None,
    kind: str,
    reprocess: str,
    newest_first: bool,
    max_active: int | None,
    plan_id: str | None,
    dry_run: bool,
    output: str,
) -> int:
    """Close a range of past days, both included: plan it, look at the plan, then carry it out.

    A process that serves carries it out, beside its nights; where none does, this command itself.
    Stopped or killed, it goes on where it was. Closing a day twice is harmless.
    """
    services: Services = context.obj
    if context.invoked_subcommand is not None:
        _refuse_options(context, "options go behind the command: aegis-batch backfill status ...")
        return ExitStatus.OK
    if output == "csv" and not dry_run:
        raise click.UsageError("--output csv goes with --dry-run.")
    if plan_id is not None:
        why = "--yes goes with --output alone: the plan says all else."
        _refuse_options(context, why, "plan_id", "output")
        return _start(services, plan_id, output)
    if first_day is None or last_day is None:
        raise click.UsageError("give the range with --from and --to, or a plan with --yes.")

    def request(default_max_active: int) -> BackfillRequest:
        return BackfillRequest(
            first_day=first_day,
            last_day=last_day,
            kind=PeriodKind(kind),
            reprocess=Reprocess(reprocess),
            newest_first=newest_first,
            max_active=max_active or default_max_active,
        )

    if dry_run:
        from aegis_batch.adapters.inbound.cli.backfill_rehearsal import (  # noqa: PLC0415
            rehearse,
        )

        return rehearse(services, request(1), output)
    with services.backfill_planning() as desk:
        planned = desk.plan_backfill.plan(request(desk.max_active), desk.operator)
    if output == "json":
        write_result(planned_as_json(planned))
    else:
        from aegis_batch.adapters.inbound.cli.backfill_text import (  # noqa: PLC0415
            planned_as_text,
        )

        write_result(planned_as_text(planned))
    return ExitStatus.OK


@backfill.command(
    epilog="""\b
Examples:
  aegis-batch backfill status                                        the last ones
  aegis-batch backfill status 0b2a6f5e-3c1d-4f7a-9a51-7f8f2f0e5d11   one, and what failed in it"""
)
@click.argument("plan_id", metavar="[PLAN]", required=False)
@limit_option
@output_option
@click.pass_obj
def status(services: Services, *, plan_id: str | None, limit: int, output: str) -> int:
    """Show the backfills that were planned last, or one of them."""
    from aegis_batch.adapters.inbound.cli.backfill_text import (  # noqa: PLC0415
        backfills_as_text,
        view_as_text,
    )

    with services.ledger_desk() as desk:
        if plan_id is not None:
            view = desk.backfills.view(plan_id)
            text = view_as_json(view) if output == "json" else view_as_text(view, desk.calendar)
        else:
            found = desk.backfills.newest(limit)
            if output == "json":
                text = backfills_as_json(found, limit)
            else:
                text = backfills_as_text(found, desk.calendar) if found else "None was planned yet."
    write_result(text)
    return ExitStatus.OK


@backfill.command(
    epilog="""\b
Example:
  aegis-batch backfill cancel 0b2a6f5e-3c1d-4f7a-9a51-7f8f2f0e5d11 --reason "the wrong year" """
)
@click.argument("plan_id", metavar="PLAN")
@click.option("--reason", required=True, help="Why; the audit keeps it, with your name.")
@output_option
@click.pass_obj
def cancel(services: Services, *, plan_id: str, reason: str, output: str) -> int:
    """Start no more of a backfill; what is under way ends, and what is done stays done."""
    with services.ledger_desk() as desk:
        desk.backfills.cancel(plan_id, desk.operator, reason)
    _tell_ended(services, plan_id, output)
    return ExitStatus.OK


@backfill.command(
    epilog="""\b
Example:
  aegis-batch backfill resume 0b2a6f5e-3c1d-4f7a-9a51-7f8f2f0e5d11"""
)
@click.argument("plan_id", metavar="PLAN")
@output_option
@click.pass_obj
def resume(services: Services, *, plan_id: str, output: str) -> int:
    """Go on with a backfill that was stopped, killed or cancelled."""
    with services.ledger_desk() as desk:
        desk.backfills.resume(plan_id, desk.operator)
    return _see_through(services, plan_id, output)


def _start(services: Services, plan_id: str, output: str) -> int:
    with services.backfill_planning() as desk:
        started = desk.plan_backfill.start(plan_id, desk.operator)
    if not started.is_new:
        say(f"aegis-batch: it was started before, and is {started.backfill.state}.")
    return _see_through(services, plan_id, output)


def _see_through(services: Services, plan_id: str, output: str) -> int:
    from aegis_batch.adapters.inbound.cli.backfill_progress import (  # noqa: PLC0415
        see_through,
        status_of_view,
    )

    with services.ledger_desk() as desk:
        is_over = desk.backfills.progress(plan_id).is_over
    if not is_over:
        stopped = see_through(services, plan_id)
        if stopped != ExitStatus.OK:
            return stopped
    _tell_ended(services, plan_id, output)
    with services.ledger_desk() as desk:
        return status_of_view(desk.backfills.view(plan_id))


def _tell_ended(services: Services, plan_id: str, output: str) -> None:
    from aegis_batch.adapters.inbound.cli.backfill_text import ended_as_text  # noqa: PLC0415

    with services.ledger_desk() as desk:
        view = desk.backfills.view(plan_id)
    write_result(view_as_json(view) if output == "json" else ended_as_text(view))


def _refuse_options(context: click.Context, why: str, *allowed: str) -> None:
    """Refuse options that stand where they would mean nothing."""
    for name in set(context.params) - set(allowed):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(why)
