"""Jobs that people and other services define, and requests that come from outside."""

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Give runs their task, the audit where a deed came from, and make the tables of jobs."""
    op.add_column("runs", sa.Column("task", sa.Text))
    op.add_column("runs", sa.Column("priority", NAME))
    op.create_index("runs_by_tenant", "runs", ["tenant", "enqueued_at", "id"])
    with_task = sa.text("task IS NOT NULL")
    op.create_index(
        "runs_by_task",
        "runs",
        ["job", "enqueued_at", "id"],
        sqlite_where=with_task,
        postgresql_where=with_task,
    )
    op.add_column("audit", sa.Column("origin", NAME))
    _make_definitions()
    op.create_table(
        "job_results",
        sa.Column("run_id", NAME, primary_key=True),
        sa.Column("kept_at", Instant, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("job_results_by_time", "job_results", ["kept_at", "run_id"])
    op.create_table(
        "job_totals",
        sa.Column("job", NAME, nullable=False),
        sa.Column("status", NAME, nullable=False),
        sa.Column("reason", NAME, nullable=False),
        sa.Column("bucket_seconds", sa.Integer, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("job", "status", "reason", "bucket_seconds"),
    )
    op.create_table(
        "job_events",
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("event_id", NAME, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("come_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_id"),
    )
    op.create_index("job_events_by_time", "job_events", ["come_at", "tenant", "event_id"])
    op.create_table(
        "scheduler_pauses",
        sa.Column("scope", NAME, primary_key=True),
        sa.Column("by", NAME, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "answered_requests",
        sa.Column("key", NAME, primary_key=True),
        sa.Column("digest", NAME, nullable=False),
        sa.Column("subject", NAME, nullable=False),
        sa.Column("answered_at", Instant, nullable=False),
    )
    op.create_index("answered_requests_by_time", "answered_requests", ["answered_at", "key"])


def _make_definitions() -> None:
    op.create_table(
        "job_definitions",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("group", NAME),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("payload", sa.Text),
        sa.Column("content", sa.Text, nullable=False),
    )
    of_time = ["removed", "created_at", "id"]
    for name, columns in (
        ("job_definitions_by_time", of_time),
        ("job_definitions_by_tenant", ["tenant", *of_time]),
        ("job_definitions_by_name", ["name", "tenant"]),
        ("job_definitions_by_group", ["group", *of_time]),
        ("job_definitions_by_activity", ["active", *of_time]),
    ):
        op.create_index(name, "job_definitions", columns)
    op.create_table(
        "job_links",
        sa.Column("kind", NAME, nullable=False),
        sa.Column("target", NAME, nullable=False),
        sa.Column("job_id", NAME, nullable=False),
        sa.PrimaryKeyConstraint("kind", "target", "job_id"),
    )
    op.create_index("job_links_by_job", "job_links", ["job_id"])
