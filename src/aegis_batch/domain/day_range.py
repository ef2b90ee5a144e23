"""The range of days that a rebuild is asked for, as other systems write it."""

from collections.abc import Mapping
from datetime import date, timedelta

from aegis_batch.domain.backfill import PERIODS_MAX

__all__ = ["day_of", "range_of"]

_YESTERDAY = "yesterday"


def range_of(asked: Mapping[str, object], newest_day: date) -> tuple[date, date]:
    """Return the first and the last day of ``{"from", "to"}``, or of ``{"daysBack"}``.

    A day is ISO 8601's, or ``yesterday``: ``newest_day``, which is the last that has ended.
    Without ``to`` it is up to that, and without anything that alone. Raises ``ValueError`` with a
    reason.
    """
    days_back = asked.get("daysBack")
    if days_back is not None:
        if isinstance(days_back, bool) or not isinstance(days_back, int):
            raise ValueError("daysBack is no whole number")
        if "from" in asked or not 0 < days_back <= PERIODS_MAX:
            raise ValueError(f"daysBack goes from 1 to {PERIODS_MAX:,}, and without from")
        return newest_day - timedelta(days=days_back - 1), newest_day
    last = day_of(asked.get("to"), "to", newest_day)
    first = last if asked.get("from") is None else day_of(asked["from"], "from", newest_day)
    if last < first:
        raise ValueError(f"to ({last}) is before from ({first})")
    if (last - first).days >= PERIODS_MAX:
        raise ValueError(f"from ({first}) to ({last}) are more than {PERIODS_MAX:,} days")
    return first, last


def day_of(value: object, name: str, newest_day: date) -> date:
    """Return a day that was asked for, the newest where none was; ``ValueError`` with a reason."""
    if value is None or value == _YESTERDAY:
        return newest_day
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise ValueError(f"{name} is neither a day, as in 2026-11-21, nor yesterday")
    return day
