"""The port for jobs that people and other services define."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aegis_batch.domain.job import JobDefinition

__all__ = ["JobDefinitions", "JobFilter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are asked for: those to which everything applies that is given.

    ``tenants`` empty means any. ``event`` is a type that the job names, ``depends_on`` the id of
    a job that it depends on. ``before`` is the moment of making and the id of a job behind which,
    newest first, the answer begins. Removed ones are none.
    """

    tenants: tuple[str, ...] = ()
    name: str | None = None
    group: str | None = None
    is_active: bool | None = None
    event: str | None = None
    depends_on: str | None = None
    before: tuple[datetime, str] | None = None


class JobDefinitions(Protocol):
    """Keeps defined jobs by their id, within a turn."""

    def get(self, job_id: str) -> JobDefinition | None:
        """Return a job, removed ones too; ``None`` where there is none with this id."""
        ...

    def save(self, definition: JobDefinition) -> None:
        """Keep a job, in the place of the one with its id."""
        ...

    def search(self, wanted: JobFilter, limit: int) -> Sequence[JobDefinition]:
        """Return the jobs that a filter lets through, newest first, at most ``limit``.

        Those of one moment go by their id.
        """
        ...

    def count_active(self) -> int:
        """Return how many jobs are active, whosever they are."""
        ...
