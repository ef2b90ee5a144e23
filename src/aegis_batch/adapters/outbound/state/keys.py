"""A close's key as columns."""

from typing import Any

from sqlalchemy import Row

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey

__all__ = ["CODE_POINTS", "key_columns", "key_of"]

# SQLite's and PostgreSQL's names for the order of code points.
CODE_POINTS = {"sqlite": "BINARY", "postgresql": "C"}


def key_columns(key: CloseKey) -> dict[str, object]:
    """Return a key as the values of the three columns that each table has for it."""
    return {
        "tenant": key.tenant,
        "period_kind": key.period.kind.value,
        "first_day": key.period.first_day,
    }


def key_of(row: Row[Any]) -> CloseKey:
    """Return the key in a row."""
    return CloseKey(row.tenant, Period(PeriodKind(row.period_kind), row.first_day))
