"""Which business days should be closed by now."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from aegis_batch.domain.calendar import Calendar

__all__ = ["Expectation"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expectation:
    """The days that a night looks at: those that ended within the catch-up window.

    ``close_from`` is the first day that is closed at all; ``None``: whatever the window holds.
    """

    calendar: Calendar
    catch_up: timedelta
    close_from: date | None = None

    def in_zone(self, calendar: Calendar) -> "Expectation":
        """Return what is expected, by the same rule, of those who go by another calendar."""
        return replace(self, calendar=calendar)

    def newest_day(self, nominal: datetime) -> date:
        """Return the business day that had ended last at an instant."""
        return self.calendar.business_date(nominal) - _DAY

    def oldest_nominal(self, now: datetime) -> datetime:
        """Return the first instant whose newest day is still looked at: before it, none is."""
        return self.calendar.window(self.calendar.business_date(now - self.catch_up)).end

    def days(self, nominal: datetime, now: datetime) -> list[date]:
        """Return the days expected to be closed, oldest first.

        They had ended at the nominal time of the night, and not longer than the catch-up window
        before now.
        """
        newest = min(self.newest_day(nominal), self.newest_day(now))
        days: list[date] = []
        day = newest
        while self.calendar.window(day).end > now - self.catch_up:
            if self.close_from is not None and day < self.close_from:
                break
            days.append(day)
            day -= _DAY
        return days[::-1]
