"""Kinds of numbers in columns, by which they are made exact."""

from enum import Enum, auto
from typing import Final

__all__ = ["NUMBER_KINDS", "NumberKind"]


class NumberKind(Enum):
    """How the numbers of a column are kept, which decides how they are made exact."""

    WHOLE = auto()
    EXACT = auto()
    MONEY = auto()
    FLOAT = auto()


NUMBER_KINDS: Final = {
    "int2": NumberKind.WHOLE,
    "int4": NumberKind.WHOLE,
    "int8": NumberKind.WHOLE,
    "numeric": NumberKind.EXACT,
    "money": NumberKind.MONEY,
    "float4": NumberKind.FLOAT,
    "float8": NumberKind.FLOAT,
}
