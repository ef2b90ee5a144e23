"""What the time column of the orders means, and which of its values a window holds."""

from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from aegis_batch.adapters.outbound.postgres.orders_schema import PlacedAtKind
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["PLACED_AT_TYPES", "PlacedAtBounds", "bounds_of", "resolve_placed_at"]

# Which kinds a type of PostgreSQL can be read as; the first is what ``auto`` takes.
_KINDS_OF_TYPE = {
    "timestamptz": (PlacedAtKind.INSTANT,),
    "timestamp": (PlacedAtKind.WALL, PlacedAtKind.UTC),
    "date": (PlacedAtKind.DATE,),
}
PLACED_AT_TYPES = frozenset(_KINDS_OF_TYPE)


@dataclass(frozen=True, slots=True)
class PlacedAtBounds:
    """The values of the time column that a window holds, half-open, with their SQL type."""

    start: date | datetime
    end: date | datetime
    sql_type: TypeEngine[date] | TypeEngine[datetime]

    def hold(self, column: sa.ColumnElement[object]) -> sa.ColumnElement[bool]:
        """Return the condition that a column's value is in the window."""
        return sa.and_(
            column >= sa.literal(self.start, self.sql_type),
            column < sa.literal(self.end, self.sql_type),
        )


def resolve_placed_at(kind: PlacedAtKind, type_name: str, column_name: str) -> PlacedAtKind:
    """Return what a column of a type means under a setting; never ``auto``.

    Raises ``InvalidRequest`` where the type leaves open what the setting should have said, or
    contradicts it.
    """
    fitting = _KINDS_OF_TYPE[type_name]
    if kind in fitting:
        return kind
    names = " or ".join(f"AEGIS_ORDERS_PLACED_AT_KIND={fit}" for fit in fitting)
    if kind is not PlacedAtKind.AUTO:
        raise InvalidRequest(
            "placed_at_kind_mismatch",
            f"The column {column_name} (AEGIS_ORDERS_PLACED_AT) is of the type {type_name}, which"
            f" can't be read as AEGIS_ORDERS_PLACED_AT_KIND={kind}.",
            f"Set {names}, or name a column of another type.",
        )
    if len(fitting) == 1:
        return fitting[0]
    raise InvalidRequest(
        "placed_at_ambiguous",
        f"The column {column_name} (AEGIS_ORDERS_PLACED_AT) is of the type {type_name}, which"
        " doesn't say whether its times are the calendar's or UTC.",
        f"Set {names}: wall for the calendar's time, utc for UTC.",
    )


def bounds_of(window: Window, kind: PlacedAtKind) -> PlacedAtBounds:
    """Return the bounds of a window as values of the time column.

    Raises ``InvalidRequest`` for dates where business days don't start at midnight, since a date
    can't tell the days apart then.
    """
    if kind is PlacedAtKind.INSTANT:
        return PlacedAtBounds(window.start, window.end, sa.DateTime(timezone=True))
    if kind is PlacedAtKind.UTC:
        start, end = window.start.replace(tzinfo=None), window.end.replace(tzinfo=None)
        return PlacedAtBounds(start, end, sa.DateTime())
    if kind is PlacedAtKind.WALL:
        return PlacedAtBounds(window.wall_start, window.wall_end, sa.DateTime())
    if window.wall_start.time() != time(0):
        raise InvalidRequest(
            "date_needs_midnight",
            "The orders carry dates without a time, and AEGIS_DAY_START is"
            f" {window.wall_start:%H:%M}: nobody can tell which orders came before it.",
            "Set AEGIS_DAY_START=00:00, or name a column with times in AEGIS_ORDERS_PLACED_AT.",
        )
    return PlacedAtBounds(window.wall_start.date(), window.wall_end.date(), sa.Date())
