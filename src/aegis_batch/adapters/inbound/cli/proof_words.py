"""Plain words about a proof, the same on its page and in its text."""

import json
import re
from datetime import timedelta
from itertools import pairwise

from aegis_batch.application.proving import Proof
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Finding
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import Trigger
from aegis_batch.domain.verification import Verdict

__all__ = [
    "EVENTS",
    "FINDINGS",
    "OUTCOMES",
    "TRIGGERS",
    "attempts",
    "chain_sentence",
    "headline",
    "length_of",
    "pretty",
    "totals_text",
    "verdict_sentence",
]

OUTCOMES = {
    Outcome.CREATED: "the Backend took the report in this run",
    Outcome.ALREADY_CLOSED: "the Backend already held a report, equal to the one derived here",
}
TRIGGERS = {
    Trigger.SCHEDULE: "by its schedule",
    Trigger.NIGHT: "by the nightly schedule",
    Trigger.HAND: "by hand",
    Trigger.REPLAY: "as the replay of a run that had failed",
    Trigger.BACKFILL: "as part of a range that was filled in",
}
FINDINGS = {
    Finding.NEGATIVE_TOTAL: "orders whose total is below zero",
    Finding.INVALID_NUMBER: "orders with a number that is missing or none",
    Finding.QUANTITY_BELOW_ONE: "orders with a quantity below one",
    Finding.FRACTIONAL_QUANTITY: "orders with a quantity that is not whole",
    Finding.NEGATIVE_PRICE: "orders with a price below zero",
    Finding.INVALID_NAME: "orders with an item without a name",
    Finding.DUPLICATE_ORDER: "order numbers that stand more than once",
    Finding.EMPTY_ORDER: "orders without a line",
    Finding.LINE_TOTAL_MISMATCH: "orders whose total is not the sum of their lines",
}
EVENTS = {
    "job.dispatched": "put into the queue",
    "job.taken": "taken from the queue",
    "job.begun_again": "begun again, after its process had ended",
    "job.handed_back": "left to the next start of the program",
    "job.cancelled": "cancelled",
    "job.started": "the close began",
    "step.started": "a step began",
    "step.failed": "a step failed",
    "request.answered": "the Backend answered",
    "request.failed": "a request got no usable answer",
    "report.sought": "asked the Backend for its report",
    "orders.read": "read the orders",
    "seals.merged": "added up the seals of its days",
    "seals.unreadable": "the seals could not be read, so the orders are",
    "rule.broken": "orders broke a rule",
    "report.submitted": "handed the report over",
    "report.recorded": "put the report into the reports' database",
    "job.completed": "the close was confirmed",
    "job.failed": "the attempt failed",
    "job.retried": "to be tried again",
    "job.sent_to_dlq": "given up, left for people to decide",
}
VERDICTS = {
    Verdict.EQUAL: "The orders and the Backend's report are today as they were sealed.",
    Verdict.CHANGED: "The orders in the shop's database are not those that were sealed: some"
    " came, went or were changed since.",
    Verdict.REJECTED: "The orders break a rule today, so that no report can be derived from them.",
    Verdict.MISSING: "The Backend has no report of this period today.",
    Verdict.CONFLICT: "The Backend holds a report other than the one that was sealed.",
    Verdict.UNKNOWN: "This could not be found out: it says nothing about the period.",
}
_HOUR = timedelta(hours=1)
_OPENING, _CLOSING, _COLON, _COMMA, _INDENT = ("{", "["), ("}", "]"), ":", ",", "  "
_DEPTH_MAX = 2
# Strings, the marks that structure JSON, and everything else.
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^"{}\[\],:\s]+')


def headline(proof: Proof) -> tuple[str, str]:
    """Return ``good``, ``open`` or ``bad``, and what the proof comes to in one sentence."""
    if proof.link is None and proof.chain.broken is None:
        return "open", f"No proof: {proof.key.period} has no seal in this ledger"
    if proof.chain.broken is not None and proof.verification.verdict.is_off:
        return "bad", "The evidence was changed, and the period is no longer as it was closed"
    if proof.chain.broken is not None:
        return "bad", "The evidence in this ledger was changed"
    if proof.verification.verdict.is_off:
        return "bad", "The evidence holds, but the period is no longer as it was closed"
    if proof.verification.verdict is Verdict.UNKNOWN:
        return "open", "The evidence holds; it could not be compared with today's orders"
    return "good", "Everything holds"


def chain_sentence(proof: Proof) -> str:
    """Return how far the chain holds, in one sentence."""
    holds, broken = proof.chain.holds.number, proof.chain.broken
    if broken is None:
        return f"All {holds} links of the chain hold; {proof.chain.runs} runs agree with theirs."
    if proof.link_holds:
        return (
            f"The chain holds up to this link, and breaks later, at link {broken.number}:"
            f" {broken.breach.meaning}."
        )
    return f"The chain breaks at link {broken.number}: {broken.breach.meaning}."


def verdict_sentence(proof: Proof) -> str:
    """Return what the comparison of now came to, in one sentence."""
    verdict = proof.verification.verdict
    if verdict is Verdict.EQUAL and proof.verification.seal_digest is None:
        return "The orders of today give the report that the Backend holds."
    return VERDICTS[verdict]


def attempts(count: int) -> str:
    """Return a count of attempts in words."""
    return "1 attempt" if count == 1 else f"{count:,} attempts"


def length_of(window: Window) -> str:
    """Return how long a window is, in hours, as a day with a clock change has 23 or 25."""
    hours = (window.end - window.start) / _HOUR
    return f"{hours:g} hours"


def pretty(body: str) -> str:
    """Return a JSON text on several lines, with each number and each name just as it stands.

    What lies deeper than a list in an object stays on one line.
    """
    lines, depth = [""], 0
    for part, following in pairwise([*_PARTS.findall(body), ""]):
        if part in _CLOSING:
            depth -= 1
            if depth < _DEPTH_MAX and not lines[-1].endswith(_OPENING):
                lines.append(_INDENT * depth)
        lines[-1] += f"{part} " if part == _COLON else part
        if part in _OPENING:
            depth += 1
        begins = part == _COMMA or (part in _OPENING and following not in _CLOSING)
        if begins and depth <= _DEPTH_MAX:
            lines.append(_INDENT * depth)
        elif part == _COMMA:
            lines[-1] += " "
    return "\n".join(lines)


def totals_text(proof: Proof) -> str:
    """Return the text that the digest of the totals is taken of; empty without a link."""
    if proof.link is None:
        return ""
    totals = json.loads(proof.link.kept().content)["totals"]
    content = [totals[name] for name in ("orders", "lines", "revenue", "items")]
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
