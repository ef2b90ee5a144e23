"""Defined jobs, for people."""

from collections.abc import Sequence

from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.moments import utc
from aegis_batch.application.job_control import Applied
from aegis_batch.application.job_views import Execution, JobView
from aegis_batch.domain.job import JobDefinition
from aegis_batch.domain.schedule import Timing

__all__ = ["applied_as_text", "job_as_text", "jobs_as_text"]


def jobs_as_text(views: Sequence[JobView]) -> str:
    """Return jobs one a line."""
    headings = ("job", "does", "tenant", "group", "priority", "next in UTC", "state", "starts")
    return table(
        headings,
        (
            (
                view.definition.name,
                _deed(view.definition),
                view.definition.tenant,
                view.definition.group or "-",
                view.definition.priority.value,
                "-" if view.next_at is None else f"{view.next_at:%Y-%m-%d %H:%M}",
                _state(view),
                _starts(view.definition),
            )
            for view in views
        ),
        may_fold=False,
    )


def job_as_text(view: JobView, runs: Sequence[Execution]) -> str:
    """Return a job and its last runs, newest first."""
    job = view.definition
    pause = view.pause
    told = facts(
        [
            ("job", job.name),
            ("id", job.id),
            ("about", job.description or None),
            ("tenant", job.tenant),
            ("does", _deed(job)),
            ("starts", _starts(job)),
            ("payload", job.payload),
            ("category", job.category.value),
            ("priority", job.priority.value),
            ("attempts", f"{job.attempts_max}{', the second at once' * job.immediate_retry}"),
            ("time limit", f"{job.timeout_seconds} s"),
            ("group", job.group),
            ("depends on", ", ".join(job.depends_on) or None),
            ("conditions", "; ".join(map(str, job.conditions)) or None),
            ("state", _state(view)),
            ("paused", None if pause is None else f"by {pause.by}: {pause.note}"),
            ("next", None if view.next_at is None else utc(view.next_at)),
            ("made", f"{utc(job.created_at)} by {job.created_by}"),
            ("version", str(job.version)),
        ]
    )
    if not runs:
        return f"{told}\n\nIt has not run yet."
    rows = (
        (utc(each.record.enqueued_at), each.status.value, each.record.trigger.value, each.record.id)
        for each in runs
    )
    return f"{told}\n\n{table(('started', 'status', 'from', 'run'), rows)}"


def applied_as_text(applied: Sequence[Applied], *, dry_run: bool) -> str:
    """Return what became, or would become, of the jobs of a file."""
    rows = [(each.name, each.tenant, each.deed, ", ".join(each.fields) or "-") for each in applied]
    changed = sum(each.deed != "unchanged" for each in applied)
    would = "would change" if dry_run else "changed"
    told = table(("job", "tenant", "deed", "what differs"), rows)
    return f"{told}\n\n{changed} of {len(rows)} {would}."


def _deed(job: JobDefinition) -> str:
    if job.service is None:
        return job.task.value
    return f"{job.method} {job.service} {job.endpoint}"


def _state(view: JobView) -> str:
    if not view.definition.is_active:
        return "inactive"
    return "active" if view.pause is None else "paused"


def _starts(job: JobDefinition) -> str:
    parts = [] if job.timing is None else [_rule(job.timing)]
    parts += [f"on {event}" for event in job.events]
    return ", ".join(parts) or "by hand"


def _rule(timing: Timing) -> str:
    if timing.cron is not None:
        return f"{timing.cron} ({timing.zone})"
    if timing.at is not None:
        return f"once at {utc(timing.at)}"
    seconds = 0.0 if timing.every is None else timing.every.total_seconds()
    return f"{timing.kind.value} {seconds:g} s"
