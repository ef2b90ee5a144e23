"""The words in names."""

import pytest

from aegis_batch.domain.views.words import listed, score, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_items", {"order", "item"}),
        ("OrderItem", {"order", "item"}),
        ("orderitems", {"order", "item"}),
        ("unitPriceCents", {"unit", "price", "cent"}),
        ("UNIT_PRICE", {"unit", "price"}),
        ("HTTPStatus", {"http", "status"}),
        ("itens_pedido", {"item", "pedido"}),
        ("preço_unitário", {"preco", "unitario"}),
        ("Order Details", {"order", "detail"}),
        ("status", {"status"}),
        ("gross", {"gross"}),
        ("categories", {"category"}),
        ("createdat", {"created", "at"}),
        ("orderbook", {"orderbook"}),
        ("line2", {"line", "2"}),
        ("", set()),
    ],
)
def test_a_name_is_taken_apart(name: str, words: set[str]) -> None:
    assert words_of(name) == words


def test_the_best_meaning_that_is_whole_counts() -> None:
    good = {"unit price": 14, "price": 10}

    assert score(frozenset({"unit", "price"}), good) == 14
    assert score(frozenset({"price"}), good) == 10
    assert score(frozenset({"unit"}), good) == 0


def test_a_word_that_tells_of_something_else_outweighs_any() -> None:
    assert score(frozenset({"price", "tax"}), {"price": 10}, listed("tax cost")) == 0
