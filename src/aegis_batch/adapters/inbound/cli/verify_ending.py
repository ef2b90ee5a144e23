"""How ``verify`` ends, and what it says on the way, of one tenant or of all."""

from collections.abc import Sequence

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of
from aegis_batch.adapters.inbound.cli.output import say
from aegis_batch.application.verify import Verified
from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.printable import printable
from aegis_batch.domain.verification import Verdict

__all__ = ["status_of_found", "warn_of_state"]


def warn_of_state(problem: Problem) -> None:
    """Say that the state failed, and what that means for the periods to come."""
    say(
        f"aegis-batch: from here on no seal is looked at and nothing is kept:"
        f" {printable(problem.message)}\n  -> {printable(problem.remedy)}"
    )


def status_of_found(found: Sequence[Verified]) -> int:
    """Return the exit status of periods that were looked at, which keep what failed."""
    verdicts = {verified.verification.verdict for verified in found}
    if any(verdict.is_off for verdict in verdicts):
        return ExitStatus.FOUND
    if Verdict.UNKNOWN not in verdicts:
        return ExitStatus.OK
    failures = [verified.failure for verified in found if verified.failure is not None]
    if Verdict.EQUAL in verdicts or not failures:
        return ExitStatus.IN_PART
    return status_of(failures[0])
