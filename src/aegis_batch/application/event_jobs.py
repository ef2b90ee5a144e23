"""The jobs that an event is about: all that name its type, and in words those that it left out."""

from collections.abc import Sequence
from dataclasses import replace

from aegis_batch.application.actor import Actor
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.job import JobDefinition
from aegis_batch.domain.schedule import Pause

__all__ = ["jobs_that", "left_out_text", "paused_text"]

_PAGE = 100
_TOLD_MAX = 20


def jobs_that(turn: Turn, wanted: JobFilter) -> list[JobDefinition]:
    """Return all jobs that a filter lets through, oldest first."""
    found: list[JobDefinition] = []
    while page := turn.job_definitions.search(wanted, _PAGE):
        found += page
        wanted = replace(wanted, before=(page[-1].created_at, page[-1].id))
    return found[::-1]


def paused_text(pause: Pause, actor: Actor) -> str:
    """Return why a job that is paused was left out; a note is for who sees all tenants alone."""
    return "paused" if actor.tenant is not None else f"paused by {pause.by}: {pause.note}"


def left_out_text(left_out: Sequence[tuple[str, str]]) -> str:
    """Return, for the audit, which jobs an event did not start."""
    if not left_out:
        return ""
    names = ", ".join(name for name, _ in left_out[:_TOLD_MAX])
    more = len(left_out) - _TOLD_MAX
    return f", {len(left_out)} not: {names}" + (f" and {more} more" if more > 0 else "")
