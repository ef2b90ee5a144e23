"""Decimal arithmetic that never rounds by itself.

The default context keeps 28 digits and loses a cent at 1e30. PostgreSQL's ``numeric`` has at most
131,072 digits before the point and 16,383 after it; this context holds the product of any two such
numbers, and sums of as many of either as there can be.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation

__all__ = [
    "ZERO",
    "add",
    "canonical",
    "is_whole",
    "is_within_bounds",
    "multiply",
    "round_half_even",
    "subtract",
    "total",
    "with_decimals",
]

ZERO = Decimal(0)
_DIGITS_MAX = 300_000
_DIGITS_BEFORE_POINT_MAX = 131_072
_DIGITS_AFTER_POINT_MAX = 16_383
_EXACT = Context(
    prec=_DIGITS_MAX,
    Emax=999_999,
    Emin=-999_999,
    traps=[Inexact, InvalidOperation, DivisionByZero],
)
_ROUNDING = Context(
    prec=_DIGITS_MAX,
    rounding=ROUND_HALF_EVEN,
    Emax=999_999,
    Emin=-999_999,
    traps=[InvalidOperation],
)


def add(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact sum of two finite numbers."""
    return _EXACT.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact difference of two finite numbers."""
    return _EXACT.subtract(left, right)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact product of two finite numbers."""
    return _EXACT.multiply(left, right)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of any number of finite numbers; zero for none."""
    result = ZERO
    for number in numbers:
        result = _EXACT.add(result, number)
    return result


def is_within_bounds(number: Decimal) -> bool:
    """Say whether a number is one that can be added up exactly, or not a finite one.

    The bounds are those of PostgreSQL's ``numeric``.
    """
    exponent = number.as_tuple().exponent
    if isinstance(exponent, str):
        return True
    return number.adjusted() < _DIGITS_BEFORE_POINT_MAX and -exponent <= _DIGITS_AFTER_POINT_MAX


def is_whole(number: Decimal) -> bool:
    """Say whether a finite number has no fraction: 3 and 3.00 have none."""
    return number == number.to_integral_value(context=_ROUNDING)


def round_half_even(number: Decimal, decimals: int) -> Decimal:
    """Round to a number of decimals, halves to the even neighbour; zero has no sign."""
    rounded = number.quantize(Decimal(1).scaleb(-decimals), context=_ROUNDING)
    return rounded.copy_abs() if rounded.is_zero() else rounded


def canonical(number: Decimal) -> str:
    """Write a finite number in its one shortest plain form: 1.50 and 1.5 give ``1.5``."""
    text = str(number)
    if text.isdigit() and text[0] != "0":
        # A whole number as most quantities are: nothing to be taken off.
        return text
    if number.is_zero():
        return "0"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_decimals(number: Decimal, decimals_min: int) -> str:
    """Write a finite number exactly, with so many decimals at least: 1.5 with 2 gives ``1.50``."""
    text = canonical(number)
    whole, _, decimals = text.partition(".")
    padded = decimals.ljust(decimals_min, "0")
    return f"{whole}.{padded}" if padded else whole
