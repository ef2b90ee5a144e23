"""``dead-letters``: runs that failed for good, and what people decide about them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from aegis_batch.adapters.inbound.cli.dead_letters_text import (
    decided_as_text,
    letter_as_text,
    letters_as_text,
)
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import json_list, json_object, json_value
from aegis_batch.adapters.inbound.cli.options import (
    all_option,
    limit_option,
    output_option,
    tenant_option,
)
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.runs_json import dead_letter_as_json
from aegis_batch.adapters.inbound.cli.services import LedgerDesk, Services
from aegis_batch.application.dead_letter_decisions import Decided
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import AegisError

__all__ = ["dead_letters"]

_ALL = "all"
_COMPLETED_MAX = 100
_RUNS_MAX = 100

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _complete_open(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return open dead letters that a word may become; none where the state can't tell."""
    del parameter
    services: Services = context.obj
    try:
        with services.ledger_desk() as desk:
            letters = desk.history.dead_letters(DeadLetterState.OPEN, _COMPLETED_MAX)
    except AegisError:
        return []
    return [
        CompletionItem(
            letter.run_id,
            help=f"{letter.job} of {letter.key.period}: {letter.problem.code}",
        )
        for letter in letters
        if letter.run_id.startswith(incomplete)
    ]


def _at_most(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    del context, parameter
    if len(value) > _RUNS_MAX:
        raise click.BadParameter(f"name at most {_RUNS_MAX} at once.")
    # Named twice, it is still one.
    return tuple(dict.fromkeys(value))


def _decision(command: _Command) -> _Command:
    """Give a command what every decision about dead letters needs."""
    runs = click.argument(
        "run_ids",
        metavar="RUN...",
        nargs=-1,
        callback=_at_most,
        shell_complete=_complete_open,
    )
    reason = click.option(
        "--reason", required=True, help="Why; the audit keeps it, with your name."
    )
    tenant = tenant_option("In the place of RUN: all open ones of this tenant, at most 100")
    return runs(reason(tenant(output_option(command))))


@click.group(
    "dead-letters",
    epilog="""\b
Examples:
  aegis-batch dead-letters list
  aegis-batch dead-letters show RUN
  aegis-batch dead-letters replay RUN --reason "the orders are mended"
  aegis-batch dead-letters discard RUN RUN --reason "the shop was shut"
  aegis-batch dead-letters replay --tenant north --reason "its orders are mended"
\b
A dead letter is known by the id of the run that failed.""",
)
def dead_letters() -> None:
    """Look at runs that failed for good, and decide about them.

    Only a person moves a dead letter, once, with a reason. Until then its day is not tried again.
    """


@dead_letters.command("list")
@click.option(
    "--status",
    "state",
    type=click.Choice([*(state.value for state in DeadLetterState), _ALL]),
    default=DeadLetterState.OPEN.value,
    show_default=True,
    help="Those that nobody has decided about, those that were decided so, or all.",
)
@tenant_option("Only those of this tenant")
@all_option("Those of all tenants, as without either")
@limit_option
@output_option
@click.pass_obj
def list_(  # noqa: PLR0913 - the options
    services: Services, *, state: str, tenant: str | None, everyone: bool, limit: int, output: str
) -> int:
    """List dead letters, the last to die first."""
    tenants = services.tenants()
    named = tenants.named(tenant, everyone=everyone)
    with services.ledger_desk() as desk:
        wanted = None if state == _ALL else DeadLetterState(state)
        letters = desk.history.dead_letters(wanted, limit, tenant=named)
    if output == "json":
        text = json_object(
            {
                "deadLetters": json_list(map(dead_letter_as_json, letters)),
                "limit": json_value(limit),
            }
        )
    elif letters:
        text = letters_as_text(letters, desk.calendar, names_tenants=tenants.is_among_several)
        if len(letters) == limit:
            text += f"\n\nThese are the newest {limit}; there may be more: --limit {limit * 2}"
    else:
        text = "There is no dead letter" + ("." if wanted is None else f" that is {state}.")
    write_result(text)
    return ExitStatus.OK


@dead_letters.command()
@click.argument("run_id", metavar="RUN", shell_complete=_complete_open)
@output_option
@click.pass_obj
def show(services: Services, *, run_id: str, output: str) -> int:
    """Show one dead letter: what went wrong, what to do, and what was decided."""
    with services.ledger_desk() as desk:
        letter = desk.history.dead_letter(run_id)
    if output == "json":
        write_result(json_object({"deadLetter": dead_letter_as_json(letter)}))
    else:
        write_result(letter_as_text(letter, desk.calendar))
    return ExitStatus.OK


@dead_letters.command(
    epilog="""\b
Example:
  aegis-batch dead-letters replay 0b2a6f5e-3c1d-4f7a-9a51-7f8f2f0e5d11 \\
      --reason "the orders are mended"
\b
All of them are replayed, or none is. Replaying one twice starts one run."""
)
@_decision
@click.pass_obj
def replay(
    services: Services, *, run_ids: tuple[str, ...], tenant: str | None, reason: str, output: str
) -> int:
    """Start a run in the place of each; a process that serves carries it out."""
    named = _whose(services, run_ids, tenant)
    with services.ledger_desk() as desk:
        chosen = _chosen(services, desk, run_ids, named)
        _tell(desk.dead_letters.replay(chosen, desk.operator, reason), output)
    return ExitStatus.OK


@dead_letters.command(
    epilog="""\b
Example:
  aegis-batch dead-letters discard 0b2a6f5e-3c1d-4f7a-9a51-7f8f2f0e5d11 \\
      --reason "the shop was shut"
\b
All of them are discarded, or none is."""
)
@_decision
@click.pass_obj
def discard(
    services: Services, *, run_ids: tuple[str, ...], tenant: str | None, reason: str, output: str
) -> int:
    """Put each away; a night that finds its day open tries it again."""
    named = _whose(services, run_ids, tenant)
    with services.ledger_desk() as desk:
        chosen = _chosen(services, desk, run_ids, named)
        _tell(desk.dead_letters.discard(chosen, desk.operator, reason), output)
    return ExitStatus.OK


def _whose(services: Services, run_ids: Sequence[str], tenant: str | None) -> str | None:
    """Return the tenant whose dead letters are meant; ``None`` where they are named."""
    if bool(run_ids) == (tenant is not None):
        raise click.UsageError("name dead letters by RUN..., or all of one tenant with --tenant.")
    return services.tenants().named(tenant)


def _chosen(
    services: Services, desk: LedgerDesk, run_ids: Sequence[str], tenant: str | None
) -> Sequence[str]:
    if tenant is None:
        return run_ids
    letters = desk.history.dead_letters(DeadLetterState.OPEN, _RUNS_MAX, tenant=tenant)
    if not letters and not desk.history.dead_letters(None, 1, tenant=tenant):
        # Who is active no more may have some; who has none has to be somebody.
        services.tenants().some(tenant, everyone=False)
    return [letter.run_id for letter in letters]


def _tell(decisions: Sequence[Decided], output: str) -> None:
    if output == "json":
        decided = (
            json_object(
                {
                    "deadLetter": dead_letter_as_json(decision.letter),
                    "isNew": json_value(decision.is_new),
                }
            )
            for decision in decisions
        )
        write_result(json_object({"decided": json_list(decided)}))
    else:
        told = "\n".join(map(decided_as_text, decisions))
        write_result(told or "There is no dead letter that is open.")
