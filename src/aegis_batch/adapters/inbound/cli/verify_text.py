"""Verifications for people."""

from collections import Counter
from collections.abc import Sequence

from aegis_batch.application.verification_text import found_lines
from aegis_batch.application.verify import Verified
from aegis_batch.domain.printable import printable
from aegis_batch.domain.verification import Verdict, Verification

__all__ = ["summary_as_text", "verified_as_text"]

_INDENT = "    "


def verified_as_text(verification: Verification, *, names_tenant: bool = False) -> str:
    """Return a period and its verdict as a line, with what was found indented below it."""
    whose = f"{printable(verification.key.tenant)}  " if names_tenant else ""
    has_seal = verification.seal_digest is not None or verification.verdict is Verdict.SEAL_CHANGED
    beside = "" if has_seal else "  (no seal)"
    told = [f"{whose}{verification.key.period}  {verification.verdict}{beside}"]
    told += [_INDENT + line for line in found_lines(verification)]
    return "\n".join(told)


def summary_as_text(found: Sequence[Verified], count: int) -> str:
    """Return how many periods got which verdict, as the last line; ``count`` were asked for."""
    verdicts = Counter(verified.verification.verdict for verified in found)
    told = [f"{verdicts[verdict]} {verdict}" for verdict in Verdict if verdicts[verdict]]
    if count > len(found):
        told.append(f"{count - len(found)} not looked at, since the failures go on")
    return f"{count} {'period' if count == 1 else 'periods'}: {', '.join(told)}"
