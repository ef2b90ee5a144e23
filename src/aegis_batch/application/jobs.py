"""What a run does, whatever its job: the seam between the ledger and the jobs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.scheduler_pauses import EVERYTHING
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.seal import Seal
from aegis_batch.domain.seal_link import SealedReport

__all__ = ["Done", "Ended", "Job", "JobOfMany", "attempted", "stands_for"]


T = TypeVar("T")


def _nothing(turn: LedgerTurn) -> None:
    del turn


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended.

    ``outcome`` is ``None`` for the good end of a job that is no close; ``problem`` is ``None``
    for every good end. ``sealed`` is what a confirmed close rests on, where it was derived, and
    ``backend`` the one that confirmed it. ``in_turn`` is done in the same transaction that keeps
    the good end. After a bad one that may pass, nothing is tried again before ``not_before``. Where
    somebody who is needed was not asked, it is no failed attempt: the same one is made again at
    ``put_back_until``. With ``cancelled_because`` it came to nothing, and the run ends so.
    """

    outcome: Outcome | None
    duration_ms: float
    problem: Problem | None = None
    orders: int | None = None
    seal: Seal | None = None
    sealed: SealedReport | None = None
    backend: str | None = None
    in_turn: Callable[[LedgerTurn], None] = _nothing
    not_before: datetime | None = None
    put_back_until: datetime | None = None
    cancelled_because: str | None = None


class Job(Protocol):
    """One kind of work that runs do."""

    def do(self, record: RunRecord) -> Ended:
        """Make one attempt, and tell of it by events; what is foreseen comes back as a problem.

        Doing it twice is harmless. It reaches outside within bounded times.
        """
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """How an attempt at one of many runs ended, and the CPU time that was its share."""

    record: RunRecord
    ended: Ended
    cpu_seconds: float


class JobOfMany(Protocol):
    """One kind of work that many runs do together."""

    def do(self, records: Sequence[RunRecord]) -> Iterator[Done]:
        """Make one attempt at each run, and yield how each ended as it ends, in any order.

        Whatever goes wrong with one of them is that one's alone. See ``Job`` for the rest.
        """
        ...


def attempted(clock: Clock, attempt: Callable[[], T]) -> T | Ended:
    """Return what came of an attempt; how it ended, where it raised something."""
    started = clock.monotonic_seconds()
    put_back_until = None
    try:
        return attempt()
    except AegisError as error:
        outcome, problem = Outcome.of(error), Problem.of(error)
        put_back_until = error.not_before
    except Exception as error:  # noqa: BLE001 - a defect of one run is not that of all others
        outcome, problem = Outcome.DEFECT, Problem.of_defect(error)
    duration_ms = (clock.monotonic_seconds() - started) * 1000
    return Ended(outcome, duration_ms, problem, put_back_until=put_back_until)


def stands_for(turn: Turn, record: RunRecord) -> datetime:
    """Return the nominal time up to which a run does what its schedule is for.

    Later firings that were skipped, since this run had not ended, count on it to do their work
    too: it may have been queued for days. What a pause keeps back is not its to do.
    """
    nominal = record.nominal or record.enqueued_at
    state = None if record.schedule is None else turn.schedules.get(record.schedule)
    if state is None or state.decided_until is None:
        return nominal
    if state.pause is not None or EVERYTHING in turn.scheduler_pauses.all():
        return nominal
    return max(nominal, state.decided_until)
