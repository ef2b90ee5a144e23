"""Defined jobs in memory."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.domain.job import JobDefinition

__all__ = ["InMemoryJobDefinitions"]


class InMemoryJobDefinitions:
    """Keeps defined jobs by their id."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[str, JobDefinition] = {}

    def get(self, job_id: str) -> JobDefinition | None:
        """Return a job, removed ones too; ``None`` where there is none with this id."""
        return self._kept.get(job_id)

    def save(self, definition: JobDefinition) -> None:
        """Keep a job, in the place of the one with its id."""
        self._log.put(self._kept, definition.id, definition)

    def search(self, wanted: JobFilter, limit: int) -> Sequence[JobDefinition]:
        """Return the jobs that a filter lets through, newest first, then by their id."""
        fitting = [each for each in self._kept.values() if _fits(each, wanted)]
        return sorted(fitting, key=lambda each: (each.created_at, each.id), reverse=True)[:limit]

    def count_active(self) -> int:
        """Return how many jobs are active, whosever they are."""
        return sum(each.is_active and not each.is_removed for each in self._kept.values())


def _fits(definition: JobDefinition, wanted: JobFilter) -> bool:
    return not definition.is_removed and all(
        (
            not wanted.tenants or definition.tenant in wanted.tenants,
            wanted.name in (None, definition.name),
            wanted.group in (None, definition.group),
            wanted.is_active in (None, definition.is_active),
            wanted.event is None or wanted.event in definition.events,
            wanted.depends_on is None or wanted.depends_on in definition.depends_on,
            wanted.before is None or (definition.created_at, definition.id) < wanted.before,
        )
    )
