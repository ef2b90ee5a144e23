"""Which schemas of the state database this program knows, without Alembic to be asked."""

from typing import Final

__all__ = ["HEAD", "REVISIONS", "VERSION_TABLE"]

# Of our own name, so that a database that somebody else migrates isn't taken for ours.
VERSION_TABLE: Final = "aegis_schema"

# Oldest first; a test holds them to the modules in migrations/versions/.
REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
HEAD: Final = REVISIONS[-1]
