"""Which Backend has confirmed a run, and an audit of which no row can be replaced.

The Backend is ``NULL`` for runs from before, of which it isn't known.
"""

import sqlalchemy as sa
from alembic import op

from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"

# SQLite's REPLACE deletes the row that is in the way, and no trigger on deleting sees it; with
# PostgreSQL there is no such way.
_REPLACES_NOTHING = {
    "sqlite": "CREATE TRIGGER audit_refuses_REPLACE BEFORE INSERT ON audit"
    " WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
}


def upgrade() -> None:
    """Give runs a column, and the audit a trigger."""
    op.add_column("runs", sa.Column("backend", NAME))
    dialect = op.get_bind().dialect.name
    if dialect in _REPLACES_NOTHING:
        op.execute(_REPLACES_NOTHING[dialect])
