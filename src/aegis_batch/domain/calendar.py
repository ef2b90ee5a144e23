"""Business days of a calendar, and the windows of time that they cover."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

__all__ = ["Calendar", "Period", "PeriodKind", "Window"]

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_LONGEST_MONTH = timedelta(days=31)
_SECOND = timedelta(seconds=1)


class PeriodKind(StrEnum):
    """The kinds of period that can be closed: a week is ISO 8601's, a month the calendar's."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """A period of the calendar, known by its first business date."""

    kind: PeriodKind
    first_day: date

    def __post_init__(self) -> None:
        """Refuse, with ``ValueError``, a day on which no period of this kind begins."""
        if _first_day(self.kind, self.first_day) != self.first_day:
            raise ValueError(self.first_day)

    @classmethod
    def holding(cls, kind: PeriodKind, day: date) -> "Period":
        """Return the period that a business day belongs to."""
        return cls(kind, _first_day(kind, day))

    @property
    def end_day(self) -> date:
        """The day after the last; ``OverflowError`` at the end of all dates."""
        if self.kind is PeriodKind.DAY:
            return self.first_day + _DAY
        if self.kind is PeriodKind.WEEK:
            return self.first_day + _WEEK
        return _first_day(PeriodKind.MONTH, self.first_day + _LONGEST_MONTH)

    @property
    def last_day(self) -> date:
        """The last business day; ``OverflowError`` at the end of all dates."""
        return self.end_day - _DAY

    @property
    def days(self) -> tuple["Period", ...]:
        """The period's business days, oldest first; ``OverflowError`` at the end of all dates."""
        count = (self.end_day - self.first_day).days
        return tuple(
            Period(PeriodKind.DAY, self.first_day + timedelta(days=ahead)) for ahead in range(count)
        )

    def __str__(self) -> str:
        """Return it as people name it: ``2015-01-07``, ``week 2015-W02``, ``month 2015-01``."""
        if self.kind is PeriodKind.DAY:
            return self.first_day.isoformat()
        if self.kind is PeriodKind.WEEK:
            year, week, _ = self.first_day.isocalendar()
            return f"week {year:04}-W{week:02}"
        return f"month {self.first_day.isoformat()[:7]}"


def _first_day(kind: PeriodKind, day: date) -> date:
    if kind is PeriodKind.DAY:
        return day
    if kind is PeriodKind.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a period covers, half-open: ``[start, end)``; ``day`` is its first.

    ``start`` and ``end`` are UTC instants. ``wall_start`` and ``wall_end`` are the same bounds as
    naive readings of the calendar's clock, for databases that keep wall time.
    """

    day: date
    start: datetime
    end: datetime
    wall_start: datetime
    wall_end: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """A time zone and the wall time at which the business day starts.

    A business day starts at the first instant whose wall reading is at or after its date plus
    ``day_start``, and ends where the next one starts. So windows tile whatever the clocks do: a
    day with a clock change is shorter or longer, and a day that a zone jumped over is empty.
    """

    zone: ZoneInfo
    zone_name: str
    day_start: time = time(0, 0)

    def __post_init__(self) -> None:
        """Refuse, with ``ValueError``, a start of the day that is no plain reading in seconds."""
        if self.day_start.microsecond or self.day_start.tzinfo is not None:
            raise ValueError(self.day_start)

    def window(self, day: date) -> Window:
        """Return the window of a business day; ``OverflowError`` at the end of all dates."""
        return self.window_of(Period(PeriodKind.DAY, day))

    def window_of(self, period: Period) -> Window:
        """Return the window of a period; ``OverflowError`` at the end of all dates."""
        following = period.end_day
        return Window(
            day=period.first_day,
            start=self._start_of(period.first_day),
            end=self._start_of(following),
            wall_start=datetime.combine(period.first_day, self.day_start),
            wall_end=datetime.combine(following, self.day_start),
        )

    def business_date(self, instant: datetime) -> date:
        """Return the business day whose window holds an instant that knows its zone."""
        wall = instant.astimezone(self.zone).replace(tzinfo=None)
        day = (wall + 2 * _DAY).date()
        while self._start_of(day) > instant:
            day -= _DAY
        return day

    def _start_of(self, day: date) -> datetime:
        target = datetime.combine(day, self.day_start)
        # Of a repeated wall time PEP 495's fold 0 is the first. Of a skipped one fold 1 gives the
        # earlier instant and fold 0 the later, with the clock change between them.
        first = self._instant(target, fold=0)
        if self._wall(first) == target:
            return first
        return self._change_between(self._instant(target, fold=1), first, target)

    def _change_between(self, early: datetime, late: datetime, target: datetime) -> datetime:
        # Halving needs at most 18 steps, since no clock ever moved by more than a day or two.
        while late - early > _SECOND:
            middle = early + (late - early) // 2
            middle -= timedelta(microseconds=middle.microsecond)
            if self._wall(middle) >= target:
                late = middle
            else:
                early = middle
        return late

    def _instant(self, wall: datetime, *, fold: int) -> datetime:
        return wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)

    def _wall(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None)
