"""Backfills of all tenants: who is in their plans, and what was given back of them."""

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Let a backfill stand at a tenant, and make the tables of its tenants."""
    op.add_column(
        "backfills", sa.Column("next_tenant", sa.Integer, nullable=False, server_default="0")
    )
    op.create_table(
        "backfill_tenants",
        sa.Column("backfill_id", NAME, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("zone_name", NAME),
        sa.Column("to_do", sa.Integer, nullable=False),
        sa.Column("standings", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("backfill_id", "number"),
    )
    op.create_table(
        "backfill_given_back",
        sa.Column("backfill_id", NAME, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("tenant", NAME, nullable=False),
        sa.Column("job", NAME, nullable=False),
        sa.Column("zone_name", NAME),
        sa.PrimaryKeyConstraint("backfill_id", "first_day", "tenant"),
    )
