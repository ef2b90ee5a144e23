"""Plain words about a period without a seal, the same in all forms of its proof."""

import shlex

from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.application.proving import Proof
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.printable import printable
from aegis_batch.domain.tenant import SINGLE

__all__ = ["CAUSES", "causes_sentence", "is_open", "seal_command", "verify_command"]

# Which one it is, this ledger can't know: whoever was killed, or lost its ledger, tells nothing.
CAUSES = (
    "nothing has closed it yet",
    "another program closed it",
    "it was closed before there were seals, or the ledger that had its seal was lost",
    (
        "a close from here handed its report over and was stopped before it could seal it, and the"
        " period was found closed by a run that began after"
    ),
)


def causes_sentence(proof: Proof) -> str:
    """Return what may be the cause, in a sentence or two."""
    causes = "; or ".join(CAUSES)
    return f"This ledger holds no seal of {proof.key.period}. It is one of these: {causes}."


def is_open(proof: Proof, calendar: Clockface) -> bool:
    """Say whether the period goes on, by what kept it from being compared, else by the clock."""
    problem = proof.verification.problem
    if problem is None:
        return False
    today = proof.made_at.astimezone(calendar.zone).date()
    return problem.code == "day_not_over" or proof.key.period.end_day > today


def verify_command(proof: Proof) -> str:
    """Return the command that compares the period with what is held of it."""
    return f"aegis-batch verify {_range(proof)}"


def seal_command(proof: Proof) -> str:
    """Return the command that derives the period again, and seals it where that is confirmed."""
    return f"aegis-batch backfill {_range(proof)} --reprocess all"


def _range(proof: Proof) -> str:
    key = proof.key
    day, kind = key.period.first_day, key.period.kind
    by = "" if kind is PeriodKind.DAY else f" --period {kind.value}"
    named = "" if key.tenant == SINGLE else f" --tenant {shlex.quote(printable(key.tenant))}"
    return f"--from {day} --to {day}{by}{named}"
