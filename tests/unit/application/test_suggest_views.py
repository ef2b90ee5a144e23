"""The use case that suggests views: the catalogue in, text out."""

from aegis_batch.adapters.outbound.memory.schema_catalogue import InMemorySchemaCatalogue
from aegis_batch.application.suggest_views import SuggestViewsUseCase
from tests.unit.domain.views.shop_tables import PLAIN_ITEMS, PLAIN_ORDERS, table


def test_what_the_catalogue_has_is_made_into_views() -> None:
    tables = [table("orders", PLAIN_ORDERS), table("order_items", PLAIN_ITEMS, ())]

    suggestion = SuggestViewsUseCase(InMemorySchemaCatalogue(tables, "somebody")).suggest()

    assert suggestion is not None
    assert "TO somebody;" in suggestion.sql


def test_an_empty_catalogue_gives_none() -> None:
    assert SuggestViewsUseCase(InMemorySchemaCatalogue([])).suggest() is None
