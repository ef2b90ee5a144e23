"""Up to which instant runs were deleted for their age, so that others that are gone are missed.

Of what was deleted before this revision only so much is known: the oldest are deleted first, so
that whatever ended after the oldest run that is still there was not.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0004"
down_revision = "0003"

_OLDEST = sa.text(
    "SELECT min(ended_at) AS oldest FROM runs"
    " WHERE NOT EXISTS (SELECT 1 FROM dead_letters WHERE dead_letters.run_id = runs.id)"
).columns(oldest=Instant)
_ANY_SEAL = sa.text("SELECT 1 FROM seals LIMIT 1")


def upgrade() -> None:
    """Make the table, and say of a ledger with seals what may be gone already."""
    forgotten = op.create_table(
        "forgotten",
        sa.Column("kind", NAME, primary_key=True),
        sa.Column("before", Instant, nullable=False),
    )
    connection = op.get_bind()
    if connection.execute(_ANY_SEAL).first() is None:
        return
    before = connection.scalar(_OLDEST) or datetime.now(UTC)
    connection.execute(forgotten.insert(), {"kind": "runs", "before": before})
