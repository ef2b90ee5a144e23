"""Orders: what counts as a number, as a name, and as the smaller id."""

from decimal import Decimal

import pytest

from aegis_batch.domain.order import Order, OrderLine, is_blank_name, order_id_rank


def test_the_amount_of_a_line_is_exact() -> None:
    line = OrderLine("Soup", Decimal(10**30 + 1), Decimal("0.01"))

    assert line.amount == Decimal(f"{10**28}.01")


@pytest.mark.parametrize("text", [None, "NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_line_without_a_finite_number_amounts_to_nothing(text: str | None) -> None:
    wrong = None if text is None else Decimal(text)
    by_quantity = OrderLine("Soup", wrong, Decimal(2))
    by_price = OrderLine("Soup", Decimal(2), wrong)

    assert [by_quantity.amount, by_price.amount] == [0, 0]
    assert not by_quantity.is_finite
    assert not by_price.is_finite
    assert not Order("1", Decimal(1), (by_price,)).has_finite_numbers
    assert not Order("1", wrong, ()).has_finite_numbers


def test_an_order_with_every_number_is_finite() -> None:
    line = OrderLine("Soup", Decimal(1), Decimal(2))

    assert Order("1", Decimal(2), (line,)).has_finite_numbers
    assert Order("1", Decimal(0), ()).has_finite_numbers


def test_where_a_shop_keeps_no_totals_the_lines_are_the_total() -> None:
    lines = (
        OrderLine("Soup", Decimal(2), Decimal("20.50")),
        OrderLine("Bread", Decimal("NaN"), Decimal(3)),
        OrderLine("Tea", Decimal(1), Decimal("0.01")),
    )

    order = Order.priced_by_lines("7", iter(lines))

    assert order == Order("7", Decimal("41.01"), lines)
    assert Order.priced_by_lines("8", ()).total == 0


@pytest.mark.parametrize("name", [None, "", " ", "\t\n\v\f\r "])
def test_a_name_of_nothing_but_ascii_white_space_is_missing(name: str | None) -> None:
    assert is_blank_name(name)


@pytest.mark.parametrize("name", ["a", " a ", "0", "\u00a0", "\u2003", "\x1c", "\x85", "\u200b"])
def test_a_name_of_anything_else_is_there(name: str) -> None:
    assert not is_blank_name(name)


def test_ids_rank_by_length_and_then_by_code_point() -> None:
    ids = ["10", "9", "b", "a", "B", "\u00e9", "100", "\U0001f600", "\uff21", ""]

    assert sorted(ids, key=order_id_rank) == [
        "", "9", "B", "a", "b", "\u00e9", "\uff21", "\U0001f600", "10", "100",
    ]  # fmt: skip
