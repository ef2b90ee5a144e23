"""The jobs that an event is about: all that name its type, and in words those that it left out."""

from collections.abc import Sequence
from dataclasses import replace

from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.job import JobDefinition

__all__ = ["jobs_that", "left_out_text"]

_PAGE = 100
_TOLD_MAX = 20


def jobs_that(turn: Turn, wanted: JobFilter) -> list[JobDefinition]:
    """Return all jobs that a filter lets through, oldest first."""
    found: list[JobDefinition] = []
    while page := turn.job_definitions.search(wanted, _PAGE):
        found += page
        wanted = replace(wanted, before=(page[-1].created_at, page[-1].id))
    return found[::-1]


def left_out_text(left_out: Sequence[tuple[str, str]]) -> str:
    """Return, for the audit, which jobs an event did not start."""
    if not left_out:
        return ""
    names = ", ".join(name for name, _ in left_out[:_TOLD_MAX])
    more = len(left_out) - _TOLD_MAX
    return f", {len(left_out)} not: {names}" + (f" and {more} more" if more > 0 else "")
