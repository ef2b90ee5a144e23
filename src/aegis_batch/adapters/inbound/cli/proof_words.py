"""Plain words about a proof, the same on its page and in its text."""

import json
import re
from datetime import timedelta
from itertools import pairwise

from aegis_batch.adapters.inbound.cli.link_words import OTHERWISE_EARLIER, OTHERWISE_LATER
from aegis_batch.application.proving import Proof
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.consistency import Finding
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import Trigger
from aegis_batch.domain.run_facts import RunFacts
from aegis_batch.domain.verification import Verdict

__all__ = [
    "EVENTS",
    "TRIGGERS",
    "absence_sentence",
    "attempts",
    "chain_sentence",
    "finding_words",
    "headline",
    "length_of",
    "outcome_words",
    "pretty",
    "starter",
    "totals_text",
    "verdict_sentence",
]

_OUTCOMES = {
    Outcome.CREATED: "{} took the report in this run",
    Outcome.ALREADY_CLOSED: "{} already held a report, equal to the one derived here",
}
TRIGGERS = {
    Trigger.SCHEDULE: "by its schedule",
    Trigger.NIGHT: "by the nightly schedule",
    Trigger.HAND: "by hand",
    Trigger.REPLAY: "as the replay of a run that had failed",
    Trigger.BACKFILL: "as part of a range that was filled in",
}
# Of one order, and of several.
_FINDINGS = {
    Finding.NEGATIVE_TOTAL: ("order whose total is below zero", "orders whose total is below zero"),
    Finding.INVALID_NUMBER: (
        "order with a number that is missing or none",
        "orders with a number that is missing or none",
    ),
    Finding.QUANTITY_BELOW_ONE: (
        "order with a quantity below one",
        "orders with a quantity below one",
    ),
    Finding.FRACTIONAL_QUANTITY: (
        "order with a quantity that is not whole",
        "orders with a quantity that is not whole",
    ),
    Finding.NEGATIVE_PRICE: ("order with a price below zero", "orders with a price below zero"),
    Finding.INVALID_NAME: (
        "order with an item without a name",
        "orders with an item without a name",
    ),
    Finding.DUPLICATE_ORDER: (
        "order number that stands more than once",
        "order numbers that stand more than once",
    ),
    Finding.EMPTY_ORDER: ("order without a line", "orders without a line"),
    Finding.LINE_TOTAL_MISMATCH: (
        "order whose total is not the sum of its lines",
        "orders whose total is not the sum of their lines",
    ),
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
    "report.sought": "asked for the report that there may be already",
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
_VERDICTS = {
    Verdict.EQUAL: "The orders and {held_report} are today as they were sealed.",
    Verdict.CHANGED: "The orders in the shop's database are not those that were sealed: some"
    " came, went or were changed since.",
    Verdict.REJECTED: "The orders break a rule today, so that no report can be derived from them.",
    Verdict.MISSING: "{title} has no report of this period today.",
    Verdict.CONFLICT: "{title} holds a report other than the one that was sealed.",
    Verdict.SEAL_CHANGED: "The seal is not as it was kept, so that the orders and {held_report}"
    " could not be compared with it.",
    Verdict.UNKNOWN: "This could not be found out: it says nothing about the period.",
}
_HOUR = timedelta(hours=1)
_OPENING, _CLOSING, _COLON, _COMMA, _INDENT = ("{", "["), ("}", "]"), ":", ",", "  "
_DEPTH_MAX = 2
# Strings, the marks that structure JSON, and everything else.
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^"{}\[\],:\s]+')


def headline(proof: Proof) -> tuple[str, str]:
    """Return ``good``, ``open`` or ``bad``, and what the proof comes to in one sentence."""
    if proof.link is None and not proof.was_changed:
        return "open", f"No proof: {proof.key.period} has no seal in this ledger"
    verdict = proof.verification.verdict
    found = (
        (
            proof.was_changed and verdict.is_off and not proof.seal_was_changed,
            "bad",
            "The evidence was changed, and the period is no longer as it was closed",
        ),
        (proof.was_changed, "bad", "The evidence in this ledger was changed"),
        (verdict.is_off, "bad", "The evidence holds, but the period is no longer as it was closed"),
        (proof.links.later_differ, "bad", OTHERWISE_LATER),
        (
            verdict is Verdict.UNKNOWN,
            "open",
            "The evidence holds; it could not be compared with today's orders",
        ),
        (proof.links.differ, "open", OTHERWISE_EARLIER),
        (True, "good", "Everything holds"),
    )
    # The gravest comes first.
    return next((level, said) for is_so, level, said in found if is_so)


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


def outcome_words(keeper: ReportKeeper) -> dict[Outcome, str]:
    """Return how a close that was sealed ended, as clauses."""
    return {outcome: said.format(keeper.named) for outcome, said in _OUTCOMES.items()}


def starter(proof: Proof) -> RunFacts | None:
    """Return how the run came about: as its link keeps it, else as the ledger says, if it does."""
    if proof.link is not None and proof.link.made is not None:
        return proof.link.made
    return None if proof.run is None else RunFacts.of(proof.run.record)


def absence_sentence(proof: Proof) -> str:
    """Return why the run of the link is not here, in one sentence."""
    if proof.runs_are_unreadable:
        return "The row of a run of this period can't be read: see audit --check."
    if proof.absence is not None:
        return "It should be there: somebody took it away."
    return "Runs are deleted once they are past their retention, and it may be."


def verdict_sentence(proof: Proof, keeper: ReportKeeper) -> str:
    """Return what the comparison of now came to, in one sentence."""
    verdict = proof.verification.verdict
    if verdict is Verdict.EQUAL and proof.verification.seal_digest is None:
        return f"The orders of today give the report that {keeper.named} holds."
    return _VERDICTS[verdict].format(held_report=keeper.held_report, title=f"The {keeper.heading}")


def finding_words(finding: Finding, count: int) -> str:
    """Return what a number of orders was found to have, without the number."""
    one, many = _FINDINGS[finding]
    return many if count != 1 else one


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
