"""How names stand in the state database."""

from typing import Final

from sqlalchemy import String

__all__ = ["NAME"]

# Ordered by code points everywhere: SQLite does so by itself, PostgreSQL by its locale.
NAME: Final = String().with_variant(String(collation="C"), "postgresql")
