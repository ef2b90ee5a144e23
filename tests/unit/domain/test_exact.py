"""Arithmetic never loses a digit, and rounds only where it is told to."""

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.domain import exact

_numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40)


@given(_numbers, _numbers)
def test_sums_differences_and_products_are_those_of_fractions(
    left: Decimal, right: Decimal
) -> None:
    assert Fraction(exact.add(left, right)) == Fraction(left) + Fraction(right)
    assert Fraction(exact.subtract(left, right)) == Fraction(left) - Fraction(right)
    assert Fraction(exact.multiply(left, right)) == Fraction(left) * Fraction(right)


@given(st.lists(_numbers))
def test_a_total_is_the_sum_of_fractions(numbers: list[Decimal]) -> None:
    assert Fraction(exact.total(numbers)) == sum(map(Fraction, numbers))


def test_a_cent_is_not_lost_beside_a_number_of_thirty_digits() -> None:
    assert exact.add(Decimal(10**30), Decimal("0.01")) == Decimal(f"{10**30}.01")


def test_the_widest_numbers_of_a_database_are_multiplied_exactly() -> None:
    widest = Decimal("9" * 131_072 + "." + "9" * 16_383)

    product = exact.multiply(widest, widest)

    assert exact.is_within_bounds(widest)
    # (10^n - 1)^2 = 10^2n - 2 * 10^n + 1, in units of the last place.
    digits = 131_072 + 16_383
    expected = "9" * (digits - 1) + "8" + "0" * (digits - 1) + "1"
    assert exact.canonical(product).replace(".", "") == expected


def test_a_sum_that_would_be_rounded_is_refused() -> None:
    with pytest.raises(decimal.Inexact):
        exact.add(Decimal("1e400000"), Decimal(1))


@pytest.mark.parametrize("text", ["1e131072", "-1e131072", "1e-16384", "0e-16384"])
def test_numbers_that_no_numeric_column_holds_are_out_of_bounds(text: str) -> None:
    assert not exact.is_within_bounds(Decimal(text))


@pytest.mark.parametrize(
    "text", ["9e131071", "-9e131071", "1e-16383", "0", "NaN", "sNaN", "-Infinity"]
)
def test_what_a_numeric_column_holds_is_within_bounds(text: str) -> None:
    assert exact.is_within_bounds(Decimal(text))


@pytest.mark.parametrize("text", ["3", "3.00", "0", "-0.0", "-7", "1e40", f"{10**50}.0"])
def test_a_number_without_a_fraction_is_whole(text: str) -> None:
    assert exact.is_whole(Decimal(text))


@pytest.mark.parametrize("text", ["0.5", "-0.001", f"{10**50}.1", "1e-400"])
def test_a_number_with_a_fraction_is_not_whole(text: str) -> None:
    assert not exact.is_whole(Decimal(text))


@pytest.mark.parametrize(
    ("text", "decimals", "expected"),
    [
        ("0.005", 2, "0.00"),
        ("0.015", 2, "0.02"),
        ("0.025", 2, "0.02"),
        ("0.0250000000000000000000000000000001", 2, "0.03"),
        ("-0.015", 2, "-0.02"),
        ("-0.025", 2, "-0.02"),
        ("2.5", 0, "2"),
        ("3.5", 0, "4"),
        ("1.0005", 3, "1.000"),
        ("24560.5", 2, "24560.50"),
        ("1E+3", 2, "1000.00"),
        (f"{10**40}.005", 2, f"{10**40}.00"),
    ],
)
def test_halves_are_rounded_to_the_even_neighbour(text: str, decimals: int, expected: str) -> None:
    assert str(exact.round_half_even(Decimal(text), decimals)) == expected


@pytest.mark.parametrize("text", ["-0", "-0.004", "-0.005"])
def test_what_is_rounded_to_zero_has_no_sign(text: str) -> None:
    assert str(exact.round_half_even(Decimal(text), 2)) == "0.00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.50", "1.5"),
        ("1.5", "1.5"),
        ("100", "100"),
        ("1E+2", "100"),
        ("100.00", "100"),
        ("0.10", "0.1"),
        ("-2.0", "-2"),
        ("0", "0"),
        ("-0.00", "0"),
        ("0E+9", "0"),
        ("1E-7", "0.0000001"),
        (f"{10**30}.010", f"{10**30}.01"),
    ],
)
def test_a_number_has_one_plain_form(text: str, expected: str) -> None:
    assert exact.canonical(Decimal(text)) == expected


@given(_numbers, _numbers)
def test_plain_forms_are_equal_just_where_numbers_are(left: Decimal, right: Decimal) -> None:
    assert (exact.canonical(left) == exact.canonical(right)) == (left == right)
    assert Decimal(exact.canonical(left)) == left


@given(_numbers, _numbers, st.integers(0, 6))
def test_nothing_depends_on_the_context_of_the_thread(
    left: Decimal, right: Decimal, decimals: int
) -> None:
    def everything() -> tuple[object, ...]:
        return (
            exact.add(left, right),
            exact.subtract(left, right),
            exact.multiply(left, right),
            exact.total([left, right]),
            exact.is_whole(left),
            exact.round_half_even(left, decimals),
            exact.canonical(left),
        )

    usual = everything()
    with decimal.localcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP)):
        assert everything() == usual


@pytest.mark.parametrize(
    ("number", "decimals", "text"),
    [
        ("2650.5", 2, "2650.50"),
        ("2597", 2, "2597.00"),
        ("-1E+2", 2, "-100.00"),
        ("0.005000", 2, "0.005"),
        ("7.00", 0, "7"),
        ("0", 3, "0.000"),
    ],
)
def test_an_amount_has_so_many_decimals_at_least(number: str, decimals: int, text: str) -> None:
    assert exact.with_decimals(Decimal(number), decimals) == text
