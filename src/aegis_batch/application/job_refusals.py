"""Why jobs are not made or changed, and in which order they can be."""

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter

from aegis_batch.application.actor import Actor
from aegis_batch.application.job_drafts import JobDraft, unfit
from aegis_batch.application.ports.job_definitions import JobFilter
from aegis_batch.application.ports.turn import Turn
from aegis_batch.domain.dependencies import circle_through
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import JobDefinition
from aegis_batch.domain.tenant import EVERYONE

__all__ = [
    "in_order",
    "name_taken",
    "needed_by",
    "refuse_circle",
    "refuse_foreign",
    "refuse_hidden",
    "refuse_leaving",
    "refuse_version",
    "unknown_dependency",
    "unknown_job",
]


_DEPENDENTS_MAX = 10_000


def refuse_foreign(definition: JobDefinition, actor: Actor) -> None:
    """Raise ``InvalidRequest`` (``tenant_forbidden``) where a job isn't one's own to change."""
    if not actor.may_change(definition.tenant):
        raise InvalidRequest(
            "tenant_forbidden", "The job is of another tenant, or of all.", "Ask who sees all."
        )


def refuse_hidden(definition: JobDefinition | None, job_id: str, actor: Actor) -> JobDefinition:
    """Return a job that somebody sees; raise ``InvalidRequest`` (``unknown_job``) for others."""
    if definition is None or definition.is_removed or not actor.may_see(definition.tenant):
        raise unknown_job(job_id)
    return definition


def unknown_job(job_id: str) -> InvalidRequest:
    """Return the error of whoever asks for a job that there is none of, or not for him."""
    return InvalidRequest(
        "unknown_job", f"There is no job {job_id}.", "See which there are: aegis-batch jobs list"
    )


def refuse_version(definition: JobDefinition, version: int | None) -> None:
    """Raise ``InvalidRequest`` (``version_differs``) for another version than is meant."""
    if version is not None and version != definition.version:
        raise InvalidRequest(
            "version_differs",
            f"The job {definition.name} was changed: it is version {definition.version} now.",
            "Look at it again, and decide anew.",
        )


def refuse_circle(turn: Turn, definition: JobDefinition) -> None:
    """Raise ``InvalidRequest`` for a job that would wait for itself, with the circle."""

    def others(job_id: str) -> Sequence[str]:
        found = turn.job_definitions.get(job_id)
        return () if found is None else found.depends_on

    try:
        circle = circle_through(definition.id, definition.depends_on, others)
    except ValueError as error:
        raise unfit("dependencies", str(error)) from None
    if circle:
        found = [turn.job_definitions.get(each) for each in circle[1:-1]]
        names = [definition.name, *(each.name for each in found if each), definition.name]
        raise unfit("dependencies", f"go in a circle: {' -> '.join(names)}", "dependency_circle")


def unknown_dependency(name: str) -> InvalidRequest:
    """Return the error of a job that depends on one that neither its tenant has nor all have."""
    what = f"name {name}, which there is none of for its tenant, or for all"
    return unfit("dependencies", what, "unknown_dependency")


def name_taken(definition: JobDefinition) -> InvalidRequest:
    """Return the error of a job whose name another has."""
    return InvalidRequest(
        "name_taken", f"There is a job {definition.name} already.", "Change that, or name another."
    )


def in_order(
    drafts: Sequence[JobDraft], tenant_of: Callable[[JobDraft], str]
) -> dict[tuple[str, str], JobDraft]:
    """Return drafts by tenant and name so that none comes before those that it depends on."""
    named = {(tenant_of(draft), draft.name): draft for draft in drafts}
    if len(named) < len(drafts):
        raise unfit("name", "stands in the file twice for one tenant")
    sorter = TopologicalSorter(
        {
            (tenant, name): [
                (whose, other)
                for other in draft.depends_on
                for whose in (tenant, EVERYONE)
                if (whose, other) in named
            ]
            for (tenant, name), draft in named.items()
        }
    )
    try:
        return {place: named[place] for place in sorter.static_order()}
    except CycleError as error:
        circle = " -> ".join(name for _, name in error.args[1][::-1])
        raise unfit("dependencies", f"go in a circle: {circle}", "dependency_circle") from None


def refuse_leaving(turn: Turn, before: JobDefinition, changed: JobDefinition) -> None:
    """Raise ``InvalidRequest`` where jobs depend on one that is to be of another tenant."""
    if changed.tenant in (before.tenant, EVERYONE):
        return
    wanted = JobFilter(depends_on=before.id)
    for other in turn.job_definitions.search(wanted, _DEPENDENTS_MAX):
        if other.tenant != changed.tenant:
            raise needed_by(other, before)


def needed_by(dependent: JobDefinition, needed: JobDefinition) -> InvalidRequest:
    """Return the error for a job that another one depends on."""
    return InvalidRequest(
        "job_needed",
        f"The job {dependent.name} depends on {needed.name}.",
        "Change that one first.",
    )
