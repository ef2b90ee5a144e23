"""What a whole simulation must have reached: otherwise it has proved less than it says."""

from collections.abc import Iterator, Mapping

from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import RunState
from aegis_batch.domain.schedule import Decision, Overlap
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
)
_PEOPLE = ("close", "discard", "dry run", "pause", "replay", "replay twice", "resume", "trigger")


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
    for overlap, reasons in _OVERLAPS.items():
        yield from (f"overlap {overlap}: {reason}" for reason in reasons)
    yield from ("orders: late", "orders: broken", "morning: fair", "morning: in trouble")
    yield "decision: withdrawn"
    yield from ("clock back: at a restart", "engine: broken at night", "kill: at night")
    yield from ("process: died", "process: met no state", "work: lost", "work: lost to the state")
