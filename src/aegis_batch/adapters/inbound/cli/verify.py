"""``verify``: look at closed periods again, and say what is no longer true."""

from collections.abc import Sequence
from datetime import date

import click

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of
from aegis_batch.adapters.inbound.cli.options import output_option, parse_day
from aegis_batch.adapters.inbound.cli.output import say, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.verify_json import verified_as_json
from aegis_batch.adapters.inbound.cli.verify_text import summary_as_text, verified_as_text
from aegis_batch.application.verify import Verified, VerifyRequest
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.printable import printable
from aegis_batch.domain.verification import Verdict

__all__ = ["verify"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch verify --from 2026-11-01 --to 2026-11-21
  aegis-batch verify --from 2026-01-01 --to 2026-10-31 --period month --output json
\b
Verdicts: equal, changed (orders came, went or are others), rejected (orders break a rule now),
missing (the Backend has no report), conflict (it has another), unknown (could not be read).
\b
Exit status: 0 all equal, 1 something is off; if nothing is: 4, 5 or 6 where nothing could be read,
8 where a part could not.""",
)
@click.option(
    "--from",
    "first",
    metavar="YYYY-MM-DD",
    required=True,
    callback=parse_day,
    help="The first business day of the range.",
)
@click.option(
    "--to",
    "last",
    metavar="YYYY-MM-DD",
    required=True,
    callback=parse_day,
    help="The last business day of the range; it belongs to it.",
)
@click.option(
    "--period",
    type=click.Choice([kind.value for kind in PeriodKind]),
    default=PeriodKind.DAY.value,
    show_default=True,
    help="Verify days, or each week or month that holds a day of the range.",
)
@output_option
@click.pass_obj
def verify(services: Services, *, first: date, last: date, period: str, output: str) -> int:
    """Read closed periods again, derive again, and compare with the seal and the Backend's report.

    Nothing is sent.
    """
    request = VerifyRequest(
        run_id=services.new_run_id(),
        trace_id=services.new_trace_id(),
        first=first,
        last=last,
        kind=PeriodKind(period),
    )
    found: list[Verified] = []
    with services.verification() as use_case:
        count = len(use_case.periods(request))
        for verified in use_case.verify(request, _warn_of_state):
            found.append(verified)
            if output == "text":
                write_result(verified_as_text(verified.verification))
    if output == "json":
        write_result(verified_as_json(request, found, count), must_arrive=True)
    else:
        write_result(summary_as_text(found, count))
    return _status(found)


def _warn_of_state(problem: Problem) -> None:
    say(
        f"aegis-batch: from here on no seal is looked at and nothing is kept:"
        f" {printable(problem.message)}\n  -> {printable(problem.remedy)}"
    )


def _status(found: Sequence[Verified]) -> int:
    verdicts = {verified.verification.verdict for verified in found}
    if any(verdict.is_off for verdict in verdicts):
        return ExitStatus.FOUND
    if Verdict.UNKNOWN not in verdicts:
        return ExitStatus.OK
    failures = [verified.failure for verified in found if verified.failure is not None]
    if Verdict.EQUAL in verdicts or not failures:
        return ExitStatus.IN_PART
    return status_of(failures[0])
