"""What a whole simulation must have reached: otherwise it has proved less than it says."""

from collections.abc import Iterator, Mapping

from aegis_batch.domain.backfill import BackfillState
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import RunState
from aegis_batch.domain.schedule import Decision, Overlap
from aegis_batch.domain.verification import Verdict
from tests.simulation.plan import POINTS
from tests.simulation.weather import WHIMS

__all__ = ["UNCLOSED_PERCENT_MAX", "not_reached"]

# Of all days, those that nobody could close, since everything was away for a week.
UNCLOSED_PERCENT_MAX = 4
_DUE = "it was due"
_OVERLAPS = {
    Overlap.SKIP: (_DUE, "the run before it had not ended"),
    Overlap.BUFFER_ONE: (
        _DUE,
        "it follows the run before it",
        "another one waits for the run before it already",
    ),
    Overlap.BUFFER_ALL: (_DUE, "it follows the run before it"),
    Overlap.CANCEL_OTHER: (_DUE, "it cancels the run before it"),
    Overlap.ALLOW_ALL: (_DUE,),
}
_PROBLEMS = (
    "answer_lost",
    "backend_away",
    "backend_refused",
    "conflict",
    "day_not_over",
    "defect",
    "malformed_answer",
    "orders_away",
    "orders_broke_off",
    "orders_misfit",
    "orders_rejected",
    "work_lost",
)
_NOTICES = (
    "day.overdue",
    "job.sent_to_dlq",
    "night.complete",
    "night.failed",
    "occurrence.decided",
    "schedule.set_back",
    "backfill.ended",
    "period.verified",
)
_PEOPLE = (
    "audit",
    "cancel",
    "close day",
    "close month",
    "close week",
    "discard",
    "dry run",
    "go on",
    "is refused (plan_outdated)",
    "pause",
    "plan",
    "rebuild",
    "replay",
    "replay twice",
    "resume",
    "start",
    "stops a verify",
    "trigger",
    "verify day",
    "verify week",
)
_LOOKING_AGAIN = (
    "finding: told before",
    "orders: come into a closed day",
    "orders: changed in a closed day",
    "orders: deleted in a closed day",
    "retention: decisions",
    "retention: runs",
    "seal: of a period that has one",
    "seal: of what an earlier attempt sent",
    "sweep: a whole window",
    "sweep: several findings",
    "week: merged from seals",
    "week: read",
)
_BACKFILLS = (
    "as many runs as may be",
    "close is done",
    "day",
    "rebuild is done",
    "rebuild is failed",
    "rebuild of a day in doubt",
    "replay is failed",
    "replay of a day in doubt",
    "week",
    "while tonight's wait",
)


# What nobody knows, what few worlds come to, and what somebody would have to change by hand.
_SELDOM = {Verdict.UNKNOWN, Verdict.REJECTED, Verdict.SEAL_CHANGED}


def not_reached(reached: Mapping[str, int]) -> list[str]:
    """Return what was to be reached and wasn't, and what was reached too often."""
    missing = [what for what in _wanted() if not reached.get(what)]
    unclosed = reached.get("day: nobody could close it", 0)
    if unclosed * 100 > UNCLOSED_PERCENT_MAX * (unclosed + reached.get("day: closed", 0)):
        missing.append(f"enough days that somebody could close: {unclosed} could not be closed")
    return missing


def _wanted() -> Iterator[str]:
    for name, point in POINTS.items():
        yield from (f"{name}: {fault}" for fault in dict.fromkeys(point.faults))
    yield from (f"whim: {whim}" for whim in WHIMS)
    yield from (f"run: {state}" for state in RunState)
    yield from (f"decision: {decision}" for decision in Decision)
    yield from (f"dead letter: {state}" for state in DeadLetterState)
    # A dry run is nothing that a schedule starts: people do.
    yield from (f"outcome: {outcome}" for outcome in Outcome if outcome is not Outcome.DRY_RUN)
    yield "outcome by hand: dry_run"
    yield from (f"problem: {code}" for code in _PROBLEMS)
    yield from (f"notice: {event}" for event in _NOTICES)
    yield from (f"person: {deed}" for deed in _PEOPLE)
    yield from _LOOKING_AGAIN
    yield from (f"verdict: {verdict}" for verdict in Verdict if verdict not in _SELDOM)
    yield from (f"backfill: {state}" for state in BackfillState)
    yield from (f"backfill: {what}" for what in _BACKFILLS)
    for overlap, reasons in _OVERLAPS.items():
        yield from (f"overlap {overlap}: {reason}" for reason in reasons)
    yield from ("orders: late", "orders: broken", "morning: fair", "morning: in trouble")
    yield "decision: withdrawn"
    yield from ("clock back: at a restart", "engine: broken at night", "kill: at night")
    yield from ("process: died", "process: met no state", "work: lost", "work: lost to the state")
