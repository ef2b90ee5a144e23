"""Business days of a calendar, and the windows of time that they cover."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

__all__ = ["Calendar", "Period", "PeriodKind", "Window"]

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class PeriodKind(StrEnum):
    """The kinds of period that can be closed."""

    DAY = "day"


@dataclass(frozen=True, slots=True)
class Period:
    """A period of the calendar, known by its first business date."""

    kind: PeriodKind
    first_day: date


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a business day covers, half-open: ``[start, end)``.

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
        following = day + _DAY
        return Window(
            day=day,
            start=self._start_of(day),
            end=self._start_of(following),
            wall_start=datetime.combine(day, self.day_start),
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
