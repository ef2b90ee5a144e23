"""Which Backend has confirmed a run; ``NULL`` for those from before, of which that isn't known."""

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give runs a column."""
    op.add_column("runs", sa.Column("backend", sa.String))
