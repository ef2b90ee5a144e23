"""Suggests views for a shop whose tables are not as a close reads them."""

from aegis_batch.application.ports.schema_catalogue import SchemaCatalogue
from aegis_batch.domain.views.suggestion import Suggestion, suggest_views

__all__ = ["SuggestViewsUseCase"]


class SuggestViewsUseCase:
    """Reads the catalogue and writes SQL as text; nothing of it is executed."""

    def __init__(self, catalogue: SchemaCatalogue) -> None:
        """Take the catalogue of the shop's database."""
        self._catalogue = catalogue

    def suggest(self) -> Suggestion | None:
        """Return two views, or ``None`` where no tables look like orders and their lines.

        Raises ``OrdersMisfit`` and ``OrdersUnreachable``.
        """
        return suggest_views(self._catalogue.shapes())
