"""Indexes by which lists of jobs and runs are answered, however many of them there are."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Have runs found by their kind, and by what a tenant's are and how they stand."""
    op.drop_index("runs_by_task", "runs")
    op.create_index("runs_by_job", "runs", ["job", "enqueued_at", "id"])
    op.create_index("runs_by_tenant_and_job", "runs", ["tenant", "job", "enqueued_at", "id"])
    op.create_index("runs_by_tenant_and_state", "runs", ["tenant", "state", "enqueued_at", "id"])
    timed_out = sa.text("""substr(problem, 1, 28) = '{"code":"service_timed_out",'""")
    op.create_index(
        "runs_timed_out",
        "runs",
        ["enqueued_at", "id"],
        sqlite_where=timed_out,
        postgresql_where=timed_out,
    )
    op.drop_index("job_definitions_by_name", "job_definitions")
    op.create_index(
        "job_definitions_by_name", "job_definitions", ["name", "removed", "created_at", "id"]
    )
