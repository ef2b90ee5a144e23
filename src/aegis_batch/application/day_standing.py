"""Where business days stand, as far as the ledger knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from aegis_batch.application.ports.many_runs import CloseFact
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState

__all__ = [
    "IN_FLIGHT",
    "DayStanding",
    "Standing",
    "is_in_doubt",
    "standing_by",
    "standing_of",
    "standings_of",
    "why_in_flight",
]

_SUCCEEDED = frozenset({RunState.SUCCEEDED})
IN_FLIGHT = frozenset({RunState.HELD, RunState.QUEUED, RunState.RUNNING, RunState.WAITING})


class Standing(StrEnum):
    """What the ledger says of a day; ``UNKNOWN`` leaves it to the Backend."""

    CLOSED = "closed"
    IN_FLIGHT = "in_flight"
    DEAD = "dead"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """How it stands, in words for people."""
        return _WORDS[self]


_WORDS = {
    Standing.CLOSED: "closed",
    Standing.IN_FLIGHT: "in flight",
    Standing.DEAD: "failed for good",
    Standing.UNKNOWN: "not known to be closed",
}


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
    letter = turn.dead_letters.open_of(key, JobKind.CLOSE)
    if letter is not None:
        return DayStanding(
            Standing.DEAD, f"its run {letter.run_id} is a dead letter ({letter.problem.code})"
        )
    if turn.runs.search(closed, 1):
        return DayStanding(Standing.UNKNOWN, "it was closed, but not where reports are kept now")
    return DayStanding(Standing.UNKNOWN, "no run has closed it")


def standings_of(
    turn: Turn, tenants: Sequence[str], days: Sequence[date], backend: str
) -> Mapping[CloseKey, DayStanding]:
    """Return where the closes of days of many tenants stand, as ``standing_of`` does for one.

    The days come oldest first.
    """
    keys = [CloseKey(tenant, Period(PeriodKind.DAY, day)) for tenant in tenants for day in days]
    if not keys:
        return {}
    facts: dict[CloseKey, list[CloseFact]] = {}
    for fact in turn.many_runs.closes(tenants, days[0], days[-1]):
        facts.setdefault(fact.key, []).append(fact)
    return {key: standing_by(facts.get(key, ()), backend) for key in keys}


def standing_by(facts: Sequence[CloseFact], backend: str) -> DayStanding:
    """Return where a close stands by all facts that there are of it."""
    if any(fact.state is RunState.SUCCEEDED and fact.backend == backend for fact in facts):
        return DayStanding(Standing.CLOSED, "it is closed")
    for fact in facts:
        if fact.state in IN_FLIGHT:
            return DayStanding(Standing.IN_FLIGHT, f"its run {fact.run_id} is {fact.state}")
    for fact in facts:
        if fact.state is RunState.FAILED:
            return DayStanding(Standing.DEAD, f"its run {fact.run_id} is a dead letter")
    if facts:
        return DayStanding(Standing.UNKNOWN, "it was closed, but not where reports are kept now")
    return DayStanding(Standing.UNKNOWN, "no run has closed it")


def is_in_doubt(turn: Turn, key: CloseKey) -> bool:
    """Say whether deriving a closed period again has failed for good, and nobody has decided.

    It is closed all the same: for a night there is nothing to do.
    """
    return turn.dead_letters.open_of(key, JobKind.REBUILD) is not None


def why_in_flight(turn: Turn, key: CloseKey, job: JobKind = JobKind.CLOSE) -> str | None:
    """Return how a job of a key goes on, in words for people; ``None`` where none does."""
    going = turn.runs.search(RunFilter(key=key, job=job, states=IN_FLIGHT), 1)
    if not going:
        return None
    run = going[0]
    last = "" if run.problem is None else f", after {run.problem.code}"
    return f"its run {run.id} is {run.state}{last}"
