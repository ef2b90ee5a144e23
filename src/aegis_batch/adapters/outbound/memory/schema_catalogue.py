"""A catalogue of tables that are nowhere."""

from collections.abc import Iterable

from aegis_batch.domain.views.shapes import Shapes, TableShape

__all__ = ["InMemorySchemaCatalogue"]


class InMemorySchemaCatalogue:
    """Knows the tables that it was given."""

    def __init__(self, tables: Iterable[TableShape], role: str = "reader") -> None:
        """Take the tables, and the role that may see them."""
        self._shapes = Shapes(role, tuple(sorted(tables, key=lambda table: table.path)))

    def shapes(self) -> Shapes:
        """Return the tables in the order of their names."""
        return self._shapes
