"""The port for the shapes of all tables that a database has."""

from typing import Protocol

from aegis_batch.domain.views.shapes import Shapes

__all__ = ["SchemaCatalogue"]


class SchemaCatalogue(Protocol):
    """Knows which tables there are and what their columns are like; holds no row of any."""

    def shapes(self) -> Shapes:
        """Return the tables and views that the role may see, in the order of their names.

        Bounded in tables and in columns. Raises ``OrdersMisfit`` and ``OrdersUnreachable``.
        """
        ...
