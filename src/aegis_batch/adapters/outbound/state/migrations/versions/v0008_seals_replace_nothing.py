"""Chains of seals of which no link can be replaced."""

from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0008"
down_revision = "0007"

# SQLite's REPLACE deletes the row that is in the way, be it by its key or by its place in the file,
# and no trigger on deleting sees it; with PostgreSQL there is no such way.
_REPLACES_NOTHING = {
    "sqlite": "CREATE TRIGGER seals_refuses_REPLACE BEFORE INSERT ON seals"
    " WHEN EXISTS (SELECT 1 FROM seals WHERE tenant = NEW.tenant AND number = NEW.number"
    " OR rowid = NEW.rowid)"
    " BEGIN SELECT RAISE(ABORT, 'the chains of seals are append-only'); END",
}


def upgrade() -> None:
    """Give the chains of seals a trigger."""
    dialect = op.get_bind().dialect.name
    if dialect in _REPLACES_NOTHING:
        op.execute(_REPLACES_NOTHING[dialect])
