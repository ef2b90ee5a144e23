"""Where business days stand, as far as the ledger knows."""

from dataclasses import dataclass, replace
from enum import StrEnum

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger

__all__ = ["DayStanding", "Standing", "standing_of"]

# Whoever closes by hand may do so with settings of his own, and so with another Backend.
_FROM_THE_QUEUE = frozenset(Trigger) - {Trigger.HAND}
_SUCCEEDED = frozenset({RunState.SUCCEEDED})
_IN_FLIGHT = frozenset({RunState.HELD, RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


class Standing(StrEnum):
    """What the ledger says of a day; ``UNKNOWN`` leaves it to the Backend.

    A day that was closed by hand alone is no less unknown, since with which Backend is not kept;
    but where that followed a dead letter, a person has seen to it.
    """

    CLOSED = "closed"
    IN_FLIGHT = "in_flight"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DayStanding:
    """Where a day stands, and why, in words for people."""

    standing: Standing
    why: str


def standing_of(turn: Turn, key: CloseKey) -> DayStanding:
    """Return where the close of a key stands."""
    wanted = RunFilter(key=key, job=JobKind.CLOSE, states=_SUCCEEDED)
    if turn.runs.search(replace(wanted, triggers=_FROM_THE_QUEUE), 1):
        return DayStanding(Standing.CLOSED, "it is closed")
    going = turn.runs.search(replace(wanted, states=_IN_FLIGHT), 1)
    if going:
        run = going[0]
        last = "" if run.problem is None else f", after {run.problem.code}"
        return DayStanding(Standing.IN_FLIGHT, f"its run {run.id} is {run.state}{last}")
    by_hand = turn.runs.search(wanted, 1)
    letter = turn.dead_letters.open_of(key)
    if letter is not None and by_hand and by_hand[0].enqueued_at >= letter.died_at:
        return DayStanding(Standing.CLOSED, "it was closed by hand after it had failed for good")
    if letter is not None:
        return DayStanding(
            Standing.DEAD, f"its run {letter.run_id} is a dead letter ({letter.problem.code})"
        )
    if by_hand:
        return DayStanding(Standing.UNKNOWN, "it was closed by hand, perhaps with another Backend")
    return DayStanding(Standing.UNKNOWN, "no run has closed it")
