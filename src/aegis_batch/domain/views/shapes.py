"""What tables look like: their columns, their keys, and nothing of what is in them."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ColumnShape", "Reference", "Shapes", "TableShape", "ValueKind"]


class ValueKind(StrEnum):
    """What a column's values are, as far as a view of orders cares."""

    TEXT = "text"
    ENUMERATION = "enumeration"
    WHOLE = "whole"
    EXACT = "exact"
    FLOAT = "float"
    MONEY = "money"
    INSTANT = "timestamptz"
    TIMESTAMP = "timestamp"
    DATE = "date"
    OTHER = "other"


_NUMBERS = frozenset({ValueKind.WHOLE, ValueKind.EXACT, ValueKind.FLOAT, ValueKind.MONEY})
_TIMES = frozenset({ValueKind.INSTANT, ValueKind.TIMESTAMP, ValueKind.DATE})


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column; ``labels`` are an enumeration's values in their order.

    ``precision`` and ``scale`` are those of ``numeric(precision, scale)``, where it has them;
    ``precision`` alone may be that of a ``timestamp``.
    """

    name: str
    kind: ValueKind
    type_name: str
    precision: int | None = None
    scale: int | None = None
    labels: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether it can be added up."""
        return self.kind in _NUMBERS

    @property
    def is_time(self) -> bool:
        """Whether it says when."""
        return self.kind in _TIMES


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of one column: ``column`` here names ``to_column`` of ``to_table`` there.

    ``to_table`` is a pair of the schema's and the table's name.
    """

    column: str
    to_table: tuple[str, str]
    to_column: str


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table or a view; ``primary_key`` is empty where it has none."""

    schema: str
    name: str
    columns: tuple[ColumnShape, ...]
    primary_key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def path(self) -> tuple[str, str]:
        """The schema's and the table's name."""
        return self.schema, self.name

    def column(self, name: str) -> ColumnShape | None:
        """Return the column of a name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Shapes:
    """All tables that a role may see, in the order of their names, and the role's name.

    ``is_whole`` is false where there are more than a catalogue is read for.
    """

    role: str
    tables: tuple[TableShape, ...]
    is_whole: bool = True
