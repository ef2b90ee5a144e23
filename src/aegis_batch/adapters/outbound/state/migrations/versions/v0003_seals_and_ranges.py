"""The chains of seals, and what looking back over a range of time needs."""

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"

# What refuses to change a link, for each kind of database.
_APPEND_ONLY = {
    "sqlite": (
        (
            "CREATE TRIGGER seals_refuses_{deed} BEFORE {deed} ON seals"
            " BEGIN SELECT RAISE(ABORT, 'the chains of seals are append-only'); END"
        ),
        ("UPDATE", "DELETE"),
    ),
    # The function is that of the audit.
    "postgresql": (
        (
            "CREATE TRIGGER seals_refuses_{deed} BEFORE {deed} ON seals"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change()"
        ),
        ("UPDATE", "DELETE", "TRUNCATE"),
    ),
}


def upgrade() -> None:
    """Make the tables of seals and verifications, and add to the runs what they cost."""
    op.create_table(
        "seals",
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("period_kind", NAME, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("run_id", NAME, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("digest", NAME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number"),
    )
    op.create_index("seals_by_key", "seals", ["tenant", "period_kind", "first_day", "number"])
    op.create_index("seals_by_run", "seals", ["run_id"])
    trigger, deeds = _APPEND_ONLY[op.get_bind().dialect.name]
    for deed in deeds:
        op.execute(trigger.format(deed=deed))
    _make_verifications()
    _make_backfills()
    op.add_column("runs", sa.Column("requests", sa.Integer))
    op.create_index("runs_by_end", "runs", ["ended_at", "id"])
    op.create_index("occurrences_by_decision", "occurrences", ["decided_at", "schedule", "nominal"])


def _make_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("period_kind", NAME, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("verdict", NAME, nullable=False),
        sa.Column("seal_digest", NAME),
        sa.Column("verified_at", Instant, nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "period_kind", "first_day"),
    )
    op.create_index("verifications_by_time", "verifications", ["verified_at"])


def _make_backfills() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", NAME, primary_key=True),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("period_kind", NAME, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("reprocess", NAME, nullable=False),
        sa.Column("newest_first", sa.Boolean, nullable=False),
        sa.Column("max_active", sa.Integer, nullable=False),
        sa.Column("planned_by", NAME, nullable=False),
        sa.Column("planned_at", Instant, nullable=False),
        sa.Column("backend", NAME, nullable=False),
        sa.Column("to_do", sa.Integer, nullable=False),
        sa.Column("next_day", sa.Date),
        sa.Column("state", NAME, nullable=False),
        sa.Column("started_by", NAME),
        sa.Column("started_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("skipped", sa.Integer, nullable=False),
    )
    op.create_index("backfills_by_time", "backfills", ["planned_at", "id"])
    op.create_table(
        "backfill_periods",
        sa.Column("backfill_id", NAME, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("standing", NAME, nullable=False),
        sa.Column("deed", NAME, nullable=False),
        sa.Column("run_id", NAME),
        sa.Column("fate", NAME),
        sa.PrimaryKeyConstraint("backfill_id", "first_day"),
    )
