"""What fleets must have reached together: otherwise they have proved less than they say."""

from collections.abc import Iterator, Mapping

from tests.simulation.fleet.plan import POINTS

__all__ = ["not_reached"]


_PROBLEMS = (
    "answer_lost",
    "backend_away",
    "backend_refused",
    "lease_lost",
    "number_too_large",
    "orders_away",
    "orders_rejected",
)
_WORDS = (
    "day: closed",
    "event: breaker.closed",
    "event: breaker.half_opened",
    "event: breaker.opened",
    "executor: buried",
    "frozen: goes on while others are at its work",
    "night: complete",
    "night: counted",
    "notice: job.sent_to_dlq",
    "notice: night.complete",
    "notice: night.failed",
    "person: replay",
    "process: died",
    "process: found itself dead",
    "run: begun again",
    "work: lost",
    "work: lost to the state",
)


def not_reached(reached: Mapping[str, int]) -> list[str]:
    """Return what was to be reached and wasn't."""
    return [what for what in _wanted() if not reached.get(what)]


def _wanted() -> Iterator[str]:
    for name, point in POINTS.items():
        yield from (f"{name}: {fault}" for fault in dict.fromkeys(point.faults))
    yield from _WORDS
    yield from (f"trouble: {what}" for what in ("backend", "orders", "state"))
    yield from (f"machine: {what}" for what in ("freeze", "kill", "stop"))
    yield from (f"problem: {code}" for code in _PROBLEMS)
