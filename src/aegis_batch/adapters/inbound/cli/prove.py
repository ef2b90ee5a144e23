"""``prove``: all that is kept of a closed period, on one page to hand on."""

from datetime import date
from pathlib import Path

import click

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.options import parse_day
from aegis_batch.adapters.inbound.cli.output import say, write_result
from aegis_batch.adapters.inbound.cli.prove_json import proof_as_json
from aegis_batch.adapters.inbound.cli.prove_text import proof_as_text
from aegis_batch.adapters.inbound.cli.services import ProvingDesk, Services
from aegis_batch.application.proving import Proof
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable
from aegis_batch.domain.run import CloseKey

__all__ = ["prove"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch prove 2026-11-21
  aegis-batch prove 2026-11-21 --output html --file proof-2026-11-21.html
  aegis-batch prove 2026-11-01 --period month --output json
\b
Exit status: 0 the evidence holds, and nothing is known to have changed since; 1 the chain of seals
or the comparison of now found something; 2 the period was never closed here."""
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
@click.pass_obj
def prove(services: Services, *, day: date, period: str, output: str, target: Path | None) -> int:
    """Prove a closed day: what was sent, from which orders, by whom, and whether that still holds.

    Nothing is sent. Where the orders or the Backend are away, the proof says so and stands.
    """
    key = CloseKey("default", Period.holding(PeriodKind(period), day))
    with services.proving() as desk:
        proof = desk.use_case.prove(key)
        told = _told(proof, desk, output, services.version())
    if target is None:
        write_result(told, must_arrive=True)
    else:
        _write(target, told)
        say(f"aegis-batch: the proof is in {printable(str(target))}.")
    if proof.link is None:
        if output == "text" or target is not None:
            say(_unsealed(key))
        return ExitStatus.INVALID if proof.chain.broken is None else ExitStatus.FOUND
    return ExitStatus.FOUND if proof.is_off else ExitStatus.OK


def _told(proof: Proof, desk: ProvingDesk, output: str, version: str) -> str:
    if output == "json":
        return proof_as_json(proof, version)
    if output == "html":
        from aegis_batch.adapters.inbound.cli.prove_html import (  # noqa: PLC0415 - it costs time
            proof_as_html,
        )

        return proof_as_html(proof, desk.calendar, version)
    return proof_as_text(proof, desk.calendar)


def _unsealed(key: CloseKey) -> str:
    day = key.period.first_day
    return (
        f"aegis-batch: this ledger has no seal of {key.period}.\n"
        f"  -> If it is closed all the same, compare it: aegis-batch verify --from {day} --to {day}"
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
