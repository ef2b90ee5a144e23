"""Runs of many tenants that are carried out together, by any of several processes."""

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Give runs their zone and fencing token, and make what several executors share."""
    op.add_column("runs", sa.Column("zone_name", NAME))
    op.add_column("runs", sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("queue", NAME))
    op.add_column("backfills", sa.Column("zone_name", NAME))
    op.create_index("runs_by_work", "runs", ["work_id"])
    with_work = sa.text("state IN ('queued', 'running', 'waiting')")
    op.create_index(
        "runs_with_work",
        "runs",
        ["work_id"],
        sqlite_where=with_work,
        postgresql_where=with_work,
    )
    op.create_index("runs_by_parent_and_state", "runs", ["parent", "state", "enqueued_at", "id"])
    op.add_column("executors", sa.Column("role", NAME, nullable=False, server_default="serve"))
    op.add_column(
        "executors", sa.Column("lease_seconds", sa.Double, nullable=False, server_default="0")
    )
    op.add_column(
        "executors", sa.Column("buried", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "leases",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("executor", NAME, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("taken_at", Instant, nullable=False),
    )
    op.create_index("leases_by_executor", "leases", ["executor"])
    op.create_table(
        "counters",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "known_tenants",
        sa.Column("tenant", NAME, primary_key=True),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
    )
    op.create_table(
        "breakers",
        sa.Column("provider", NAME, primary_key=True),
        sa.Column("state", NAME, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
    )
    op.create_table(
        "rate_limits",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("next_at", Instant, nullable=False),
    )
