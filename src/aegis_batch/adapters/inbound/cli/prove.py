"""``prove``: all that is kept of a closed period, on one page to hand on."""

from datetime import date
from pathlib import Path

import click

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.options import parse_day, tenant_option
from aegis_batch.adapters.inbound.cli.output import say, write_result
from aegis_batch.adapters.inbound.cli.prove_json import proof_as_json
from aegis_batch.adapters.inbound.cli.prove_text import proof_as_text
from aegis_batch.adapters.inbound.cli.services import ProvingDesk, Services
from aegis_batch.adapters.inbound.cli.unsealed_words import (
    is_open,
    seal_command,
    verify_command,
)
from aegis_batch.application.proving import Proof
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.tenant import SINGLE

__all__ = ["prove"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch prove 2026-11-21
  aegis-batch prove 2026-11-21 --output html --file proof-2026-11-21.html
  aegis-batch prove 2026-11-01 --period month --output json
  aegis-batch prove 2026-11-21 --tenant north
\b
Exit status: 0 the evidence holds, and nothing is known to have changed since; 1 the chain of seals
or the comparison of now found something; 2 this ledger has no seal of the period."""
)
@click.argument("day", metavar="YYYY-MM-DD", callback=parse_day)
@click.option(
    "--period",
    type=click.Choice([kind.value for kind in PeriodKind]),
    default=PeriodKind.DAY.value,
    show_default=True,
    help="Prove the day, or the week or month that holds it.",
)
@click.option(
    "--output",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="For people, one JSON object for programs, or one self-contained page.",
)
@click.option(
    "--file",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it into this file, in the place of what is there.",
)
@tenant_option("Prove the day of this tenant")
@click.pass_obj
def prove(  # noqa: PLR0913 - one for each option
    services: Services,
    *,
    day: date,
    period: str,
    output: str,
    target: Path | None,
    tenant: str | None,
) -> int:
    """Prove a closed day: what was sent, from which orders, by whom, and whether that still holds.

    Nothing is sent. Where the orders, or whoever keeps the reports, are away, the proof says so and
    stands.
    """
    # Whoever is shut has closed days to prove all the same.
    named = services.tenants().whose(tenant)
    key = CloseKey(named, Period.holding(PeriodKind(period), day))
    with services.proving() as desk:
        proof = desk.use_case.prove(key)
        told = _told(proof, desk, output, services.version())
    if target is None:
        write_result(told, must_arrive=True)
    else:
        _write(target, told)
    if proof.link is None and (output == "text" or target is not None):
        say(_unsealed(proof, desk.calendar))
    if target is not None:
        what = "the proof" if proof.link is not None else "what is known of it"
        say(f"aegis-batch: {what} is in {printable(str(target))}.")
    if proof.link is None:
        return ExitStatus.INVALID if proof.chain.broken is None else ExitStatus.FOUND
    return ExitStatus.FOUND if proof.is_off else ExitStatus.OK


def _told(proof: Proof, desk: ProvingDesk, output: str, version: str) -> str:
    if output == "json":
        return proof_as_json(proof, desk.calendar, version)
    if output == "html":
        from aegis_batch.adapters.inbound.cli.prove_html import (  # noqa: PLC0415 - it costs time
            proof_as_html,
        )

        return proof_as_html(proof, desk.calendar, version, desk.keeper)
    return proof_as_text(proof, desk.calendar, desk.keeper)


def _unsealed(proof: Proof, calendar: Clockface) -> str:
    key = proof.key
    whose = "" if key.tenant == SINGLE else f" of {printable(key.tenant)}"
    if proof.links.are_unreadable:
        return (
            f"aegis-batch: a seal of {key.period}{whose} in this ledger can't be read.\n"
            "  -> Look for the broken link with: aegis-batch audit --check"
        )
    said = f"aegis-batch: this ledger has no seal of {key.period}{whose}"
    if is_open(proof, calendar):
        return f"{said}, which is not over."
    return (
        f"{said}.\n"
        f"  -> If it is closed all the same, compare it: {verify_command(proof)}\n"
        f"  -> To derive it again, and seal it: {seal_command(proof)}"
    )


def _write(target: Path, told: str) -> None:
    """Put a whole new file in the place of the target, or leave it as it was."""
    beside = target.with_name(f".{target.name}.part")
    try:
        beside.write_text(told + "\n", encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        raise InvalidRequest(
            "file_not_written",
            f"The file {target} can't be written ({error.strerror or type(error).__name__}).",
            "Name a file in a folder that is there and may be written to, with --file.",
        ) from error
