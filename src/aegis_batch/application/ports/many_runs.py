"""The port for runs that are looked at, kept or carried out many at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from aegis_batch.domain.run_record import RunRecord

__all__ = ["CloseFact", "ManyRuns"]


@dataclass(frozen=True, slots=True)
class CloseFact:
    """What there is to know of a close where many are looked at; ``backend`` as in its record.

    One that ``failed`` is an open dead letter.
    """

    key: CloseKey
    run_id: str
    state: RunState
    backend: str | None


class ManyRuns(Protocol):
    """Keeps runs as ``Runs`` does, within the same turn, but many with a few statements."""

    def add(self, records: Sequence[RunRecord]) -> None:
        """Keep new runs; ``ValueError`` where the id of any is known: a defect."""
        ...

    def save(self, records: Sequence[RunRecord]) -> None:
        """Keep known runs as they are now; ``KeyError`` where any isn't known: a defect."""
        ...

    def of_work(self, work_id: str, among: Collection[str] | None = None) -> Sequence[RunRecord]:
        """Return the runs that a piece of work is the present attempt at, in order of their ids.

        Given ``among``, only those of them whose ids are there.
        """
        ...

    def works(self, after: str, limit: int) -> Sequence[str]:
        """Return the ids of work at runs that were begun or wait to be, behind one, in order.

        At most ``limit``; runs that are held have no work yet.
        """
        ...

    def closes(
        self,
        tenants: Collection[str],
        first_day: date,
        last_day: date,
        *,
        kind: PeriodKind = PeriodKind.DAY,
        job: JobKind = JobKind.CLOSE,
    ) -> Sequence[CloseFact]:
        """Return facts about the closes of periods that begin on days, both included.

        They come in any order. Of runs of one job alone: those that succeeded, that have not ended,
        and those that failed and are open dead letters.
        """
        ...
