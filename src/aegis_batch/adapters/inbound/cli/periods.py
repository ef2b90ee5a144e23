"""Days, weeks and months as people read them, and as they ask for them."""

from collections.abc import Iterable

from aegis_batch.domain.calendar import Period, PeriodKind

__all__ = ["period_days", "period_heading", "period_in_full"]


def period_heading(periods: Iterable[Period]) -> str:
    """Return the heading of a column of periods: most often they are all days."""
    return "day" if all(period.kind is PeriodKind.DAY for period in periods) else "period"


def period_days(period: Period) -> str | None:
    """Return the first and the last day of a week or a month; ``None`` for a day."""
    if period.kind is PeriodKind.DAY:
        return None
    try:
        return f"{period.first_day} to {period.last_day}"
    except OverflowError:
        return f"from {period.first_day}"


def period_in_full(period: Period) -> str:
    """Return a period's name; that of a week or a month with its first and its last day."""
    days = period_days(period)
    return str(period) if days is None else f"{period} ({days})"
