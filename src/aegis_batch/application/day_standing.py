"""Where business days stand, as far as the ledger knows."""

from dataclasses import dataclass
from enum import StrEnum

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.run import CloseKey, JobKind, RunState

__all__ = ["DayStanding", "Standing", "standing_of"]

_IN_FLIGHT = frozenset({RunState.HELD, RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


class Standing(StrEnum):
    """What the ledger says of a day; ``UNKNOWN`` leaves it to the Backend."""

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
    closed = RunFilter(key=key, job=JobKind.CLOSE, states=frozenset({RunState.SUCCEEDED}))
    if turn.runs.search(closed, 1):
        return DayStanding(Standing.CLOSED, "it is closed")
    going = turn.runs.search(RunFilter(key=key, job=JobKind.CLOSE, states=_IN_FLIGHT), 1)
    if going:
        run = going[0]
        last = "" if run.problem is None else f", after {run.problem.code}"
        return DayStanding(Standing.IN_FLIGHT, f"its run {run.id} is {run.state}{last}")
    letter = turn.dead_letters.open_of(key)
    if letter is not None:
        return DayStanding(
            Standing.DEAD, f"its run {letter.run_id} is a dead letter ({letter.problem.code})"
        )
    return DayStanding(Standing.UNKNOWN, "no run has closed it")
