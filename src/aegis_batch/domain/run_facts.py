"""Of a run: what its link in the chain of seals keeps, so that a later change of its row shows."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from aegis_batch.domain.run import JobKind, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["RunFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Who asked for a run, how it came about, when it began, where it ended, and on which attempt.

    Each field says what the field of its name does in a ``RunRecord``. ``job`` is ``None`` in
    links from before it was kept, whose texts stay as they are.
    """

    trigger: Trigger
    requested_by: str
    schedule: str | None
    replay_of: str | None
    attempt: int
    started_at: datetime | None
    executor: str | None
    backend: str | None
    job: JobKind | None = None

    @classmethod
    def of(cls, record: RunRecord) -> "RunFacts":
        """Return what is kept of a run that has ended."""
        return cls(**{field.name: getattr(record, field.name) for field in fields(cls)})

    def different(self, record: RunRecord) -> Mapping[str, tuple[object, object]]:
        """Return what the row of the run says otherwise, in words, with its value and the own."""
        now = RunFacts.of(record)
        kept = [field.name for field in fields(self) if field.name != "job" or self.job is not None]
        pairs = {name: (getattr(now, name), getattr(self, name)) for name in kept}
        return {
            name.replace("_", " "): (theirs, ours)
            for name, (theirs, ours) in pairs.items()
            if theirs != ours
        }
