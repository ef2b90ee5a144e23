"""The port for the ledger of runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.run_statistics import RunFigures

__all__ = ["RunFilter", "Runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are asked for: those to which everything applies that is given.

    ``states`` empty means any. ``oldest_first`` sorts by the moment of enqueueing,
    which is newest first unless asked otherwise; runs of one moment go by their id. ``unlinked``
    asks for those that succeeded with a seal of which their tenant's chain has no link; not for
    those whose requests were not counted, which are from before there were chains.
    ``before`` is the moment of enqueueing and the id of a run behind which, newest first, the
    answer begins. ``timed_out`` asks for those whose problem is that an attempt took too long, or
    for all but those.
    """

    states: frozenset[RunState] = frozenset()
    job: JobKind | None = None
    day: date | None = None
    key: CloseKey | None = None
    tenant: str | None = None
    schedule: str | None = None
    parent: str | None = None
    backend: str | None = None
    unlinked: bool = False
    timed_out: bool | None = None
    before: tuple[datetime, str] | None = None
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

    def figures(
        self, first_day: date, last_day: date, limit: int, *, tenant: str | None = None
    ) -> Sequence[RunFigures]:
        """Return the figures of the runs about some days, newest first, at most ``limit``.

        Both days are included; a run about a longer period goes by its first day. Those of one
        tenant, where one is named.
        """
        ...
