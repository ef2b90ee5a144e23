"""The chains of seals, and what looking back over a range of time needs."""

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.instants import Instant

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"

# What refuses to change a link, for each kind of database.
_APPEND_ONLY = {
    "sqlite": "CREATE TRIGGER seals_refuses_{deed} BEFORE {deed} ON seals"
    " BEGIN SELECT RAISE(ABORT, 'the chains of seals are append-only'); END",
}


def upgrade() -> None:
    """Make the tables of seals and verifications, and add to the runs what they cost."""
    op.create_table(
        "seals",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("period_kind", sa.String, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number"),
    )
    op.create_index("seals_by_key", "seals", ["tenant", "period_kind", "first_day", "number"])
    op.create_index("seals_by_run", "seals", ["run_id"])
    for deed in ("UPDATE", "DELETE"):
        op.execute(_APPEND_ONLY[op.get_bind().dialect.name].format(deed=deed))
    _make_verifications()
    _make_backfills()
    op.add_column("runs", sa.Column("requests", sa.Integer))
    op.create_index("runs_by_end", "runs", ["ended_at", "id"])
    op.create_index("occurrences_by_decision", "occurrences", ["decided_at", "schedule", "nominal"])


def _make_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("period_kind", sa.String, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("seal_digest", sa.String),
        sa.Column("verified_at", Instant, nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "period_kind", "first_day"),
    )
    op.create_index("verifications_by_time", "verifications", ["verified_at"])


def _make_backfills() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("period_kind", sa.String, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("reprocess", sa.String, nullable=False),
        sa.Column("newest_first", sa.Boolean, nullable=False),
        sa.Column("max_active", sa.Integer, nullable=False),
        sa.Column("planned_by", sa.String, nullable=False),
        sa.Column("planned_at", Instant, nullable=False),
        sa.Column("backend", sa.String, nullable=False),
        sa.Column("to_do", sa.Integer, nullable=False),
        sa.Column("next_day", sa.Date),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("started_by", sa.String),
        sa.Column("started_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("skipped", sa.Integer, nullable=False),
    )
    op.create_index("backfills_by_time", "backfills", ["planned_at", "id"])
    op.create_table(
        "backfill_periods",
        sa.Column("backfill_id", sa.String, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("standing", sa.String, nullable=False),
        sa.Column("deed", sa.String, nullable=False),
        sa.Column("run_id", sa.String),
        sa.Column("fate", sa.String),
        sa.PrimaryKeyConstraint("backfill_id", "first_day"),
    )
