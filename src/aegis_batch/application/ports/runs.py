"""The port for the ledger of runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["RunFilter", "Runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are asked for: those to which everything applies that is given.

    ``states`` empty means any. ``oldest_first`` sorts by the moment of enqueueing,
    which is newest first unless asked otherwise; runs of one moment go by their id.
    """

    states: frozenset[RunState] = frozenset()
    job: JobKind | None = None
    day: date | None = None
    key: CloseKey | None = None
    schedule: str | None = None
    parent: str | None = None
    backend: str | None = None
    oldest_first: bool = False


class Runs(Protocol):
    """Keeps runs by their id, within a turn."""

    def add(self, record: RunRecord) -> None:
        """Keep a new run; ``ValueError`` where its id is known: a defect."""
        ...

    def get(self, run_id: str) -> RunRecord | None:
        """Return a run; ``None`` where there is none with this id."""
        ...

    def save(self, record: RunRecord) -> None:
        """Keep a known run as it is now; ``KeyError`` where it isn't known: a defect."""
        ...

    def search(self, wanted: RunFilter, limit: int) -> Sequence[RunRecord]:
        """Return the runs that a filter lets through, in its order, at most ``limit``."""
        ...
