"""Numbers of the shop's columns: made exact, and judged, in the server."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.number_kinds import NumberKind
from aegis_batch.adapters.outbound.postgres.orders_source import OrdersSource

__all__ = ["Number", "quantity_of", "unit_price_of"]


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers; what can't be of its kind costs nothing to check.

    Every condition is false, never null, for a null.
    """

    column: sa.ColumnElement[Any]
    kind: NumberKind

    @property
    def exact(self) -> sa.ColumnElement[Any]:
        """The number as ``numeric``, to its last digit.

        A floating point number is taken for what its shortest text says: a plain cast of a
        ``real`` would round it to six digits.
        """
        if self.kind is NumberKind.EXACT:
            return self.column
        if self.kind is NumberKind.FLOAT:
            return sa.cast(sa.cast(self.column, sa.Text), sa.Numeric)
        return sa.cast(self.column, sa.Numeric)

    @property
    def finite_or_zero(self) -> sa.ColumnElement[Any]:
        """The number where it is finite and zero elsewhere, fit for being added up."""
        # The server adds whole numbers up without overflow by itself.
        addend = self.column if self.kind is NumberKind.WHOLE else self.exact
        return sa.case((self.is_finite, addend), else_=sa.literal_column("0"))

    @property
    def is_finite(self) -> sa.ColumnElement[bool]:
        """The condition that the number is there, and neither ``NaN`` nor infinite."""
        if self.kind in (NumberKind.WHOLE, NumberKind.MONEY):
            return self.column.is_not(None)
        # NaN is above everything else, says PostgreSQL's manual (8.1.3).
        return sa.and_(
            self.column.is_not(None),
            self.column < self._literal("Infinity"),
            self.column > self._literal("-Infinity"),
        )

    @property
    def is_fractional(self) -> sa.ColumnElement[bool]:
        """The condition that the number is finite and not whole."""
        if self.kind is NumberKind.WHOLE:
            return sa.false()
        return sa.and_(self.is_finite, self.column != sa.func.trunc(self.column))

    def is_below(self, limit: int) -> sa.ColumnElement[bool]:
        """Return the condition that the number is finite and less than a limit."""
        return sa.and_(self.is_finite, self._comparable < sa.literal_column(str(limit)))

    def is_at_least(self, limit: int) -> sa.ColumnElement[bool]:
        """Return the condition that the number is finite and not less than a limit."""
        is_at_least = self._comparable >= sa.literal_column(str(limit))
        if self.kind in (NumberKind.WHOLE, NumberKind.MONEY):
            return sa.and_(self.column.is_not(None), is_at_least)
        return sa.and_(
            self.column.is_not(None), is_at_least, self.column < self._literal("Infinity")
        )

    @property
    def _comparable(self) -> sa.ColumnElement[Any]:
        return self.exact if self.kind is NumberKind.MONEY else self.column

    def _literal(self, text: str) -> sa.ColumnElement[Any]:
        sql_type = "double precision" if self.kind is NumberKind.FLOAT else "numeric"
        return sa.literal_column(f"{sql_type} '{text}'")


def quantity_of(source: OrdersSource) -> Number:
    """Return the quantity of a line."""
    return Number(source.items_column("AEGIS_ITEMS_QUANTITY"), source.quantity_kind)


def unit_price_of(source: OrdersSource) -> Number:
    """Return the unit price of a line."""
    return Number(source.items_column("AEGIS_ITEMS_UNIT_PRICE"), source.unit_price_kind)
