"""Where business days stand, as far as the ledger knows."""

from dataclasses import dataclass, replace
from enum import StrEnum

from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.run import CloseKey, JobKind, RunState

__all__ = ["DayStanding", "Standing", "standing_of", "why_in_flight"]

_SUCCEEDED = frozenset({RunState.SUCCEEDED})
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


def standing_of(turn: Turn, key: CloseKey, backend: str) -> DayStanding:
    """Return where the close of a key stands with one Backend, which its identity names.

    What another one has confirmed, or one that was not kept, says nothing of this one.
    """
    closed = RunFilter(key=key, job=JobKind.CLOSE, states=_SUCCEEDED)
    if turn.runs.search(replace(closed, backend=backend), 1):
        return DayStanding(Standing.CLOSED, "it is closed")
    why = why_in_flight(turn, key)
    if why is not None:
        return DayStanding(Standing.IN_FLIGHT, why)
    letter = turn.dead_letters.open_of(key)
    if letter is not None:
        return DayStanding(
            Standing.DEAD, f"its run {letter.run_id} is a dead letter ({letter.problem.code})"
        )
    if turn.runs.search(closed, 1):
        return DayStanding(Standing.UNKNOWN, "it was closed, but not at the Backend of now")
    return DayStanding(Standing.UNKNOWN, "no run has closed it")


def why_in_flight(turn: Turn, key: CloseKey) -> str | None:
    """Return how the close of a key goes on, in words for people; ``None`` where none does."""
    going = turn.runs.search(RunFilter(key=key, job=JobKind.CLOSE, states=_IN_FLIGHT), 1)
    if not going:
        return None
    run = going[0]
    last = "" if run.problem is None else f", after {run.problem.code}"
    return f"its run {run.id} is {run.state}{last}"
