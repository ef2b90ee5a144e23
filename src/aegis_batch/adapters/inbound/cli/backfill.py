"""``backfill``: close a range of past days, weeks or months, which is planned first."""

from collections.abc import Callable, Sequence
from datetime import date

import click

from aegis_batch.adapters.inbound.cli.backfill_json import (
    backfills_as_json,
    planned_as_json,
    view_as_json,
)
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.options import (
    all_option,
    limit_option,
    output_option,
    parse_day,
    tenant_option,
)
from aegis_batch.adapters.inbound.cli.output import say, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.domain.backfill import Backfill, BackfillState, Reprocess
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.tenant import EVERYONE, Tenant

__all__ = ["backfill"]

_AT_ONCE_MAX = 32
# One that was cancelled can't be started.
_STANDS = {BackfillState.RUNNING: "is under way", BackfillState.ENDED: "has ended"}


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
    help="How many may be queued or under way at a time, with --all how many shards;"
    " AEGIS_BACKFILL_MAX_ACTIVE unless given.",
)
@tenant_option("Close the range of this tenant")
@all_option("Close the range of all tenants")
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
    tenant: str | None,
    everyone: bool,
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
    if dry_run and plan_id is None:
        why = "--reprocess and --max-active mean nothing with --dry-run: every period is derived."
        _refuse_options(context, why, *context.params.keys() - {"reprocess", "max_active"})
    if plan_id is not None:
        why = "--yes goes with --output alone: the plan says all else."
        _refuse_options(context, why, "plan_id", "output")
        return _start(services, plan_id, output)
    if first_day is None or last_day is None:
        raise click.UsageError("give the range with --from and --to, or a plan with --yes.")

    chosen = services.tenants().some(tenant, everyone=everyone) or Tenant(EVERYONE)

    def request(default_max_active: int) -> BackfillRequest:
        return BackfillRequest(
            tenant=chosen.id,
            zone_name=chosen.zone_name,
            first_day=first_day,
            last_day=last_day,
            kind=PeriodKind(kind),
            reprocess=Reprocess(reprocess),
            newest_first=newest_first,
            max_active=max_active or default_max_active,
        )

    if dry_run:
        return _rehearse(services, request(1), output)
    return (_plan_everyone if everyone else _plan)(services, request, output)


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
            left = _left_alone(services, [view.backfill])
            if output == "json":
                text = view_as_json(view)
            else:
                text = view_as_text(view, desk.calendar, is_left_alone=bool(left))
        else:
            found = desk.backfills.newest(limit)
            if output == "json":
                text = backfills_as_json(found, limit)
            elif found:
                left = _left_alone(services, found)
                text = backfills_as_text(found, desk.calendar, left)
            else:
                text = "None was planned yet."
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
        left_alone = _left_alone(services, [desk.backfills.progress(plan_id).backfill])
        desk.backfills.resume(plan_id, desk.operator, is_left_alone=bool(left_alone))
    return _see_through(services, plan_id, output)


def _rehearse(services: Services, request: BackfillRequest, output: str) -> int:
    from aegis_batch.adapters.inbound.cli import (  # noqa: PLC0415
        backfill_rehearsal,
        backfill_rehearsal_everyone,
    )

    if request.tenant == EVERYONE:
        return backfill_rehearsal_everyone.rehearse_everyone(services, request, output)
    return backfill_rehearsal.rehearse(services, request, output)


def _plan(services: Services, request: Callable[[int], BackfillRequest], output: str) -> int:
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


def _plan_everyone(
    services: Services, request: Callable[[int], BackfillRequest], output: str
) -> int:
    from aegis_batch.adapters.inbound.cli.backfill_everyone import (  # noqa: PLC0415
        planned_everyone_as_json,
        planned_everyone_as_text,
    )

    with services.backfill_planning() as desk:
        planned = desk.plan_backfill.plan_everyone(request(desk.max_active), desk.operator)
    as_asked = planned_everyone_as_json if output == "json" else planned_everyone_as_text
    write_result(as_asked(planned))
    return ExitStatus.OK


def _start(services: Services, plan_id: str, output: str) -> int:
    with services.backfill_planning() as desk:
        started = desk.plan_backfill.start(plan_id, desk.operator)
    if not started.is_new:
        say(f"aegis-batch: it was started before, and {_STANDS[started.backfill.state]}.")
    return _see_through(services, plan_id, output)


def _see_through(services: Services, plan_id: str, output: str) -> int:
    from aegis_batch.adapters.inbound.cli.backfill_progress import (  # noqa: PLC0415
        see_through,
        status_of_view,
    )

    with services.ledger_desk() as desk:
        is_over = desk.backfills.progress(plan_id).is_over
    if not is_over:
        stopped = see_through(services, plan_id, output)
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


def _left_alone(services: Services, found: Sequence[Backfill]) -> list[Backfill]:
    """Return those that are to go on, where no live process is there to carry them out."""
    running = [each for each in found if each.state is BackfillState.RUNNING]
    if not running:
        return []
    with services.health() as health:
        return [] if health.is_served() else running


def _refuse_options(context: click.Context, why: str, *allowed: str) -> None:
    """Refuse options that stand where they would mean nothing."""
    for name in set(context.params) - set(allowed):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(why)
