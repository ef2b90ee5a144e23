"""Conditions under which a firing of a job is to run: a fixed set, none of them code."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

__all__ = ["Condition", "ConditionKind"]

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_LAST = "LAST"
_DAYS_MAX = 31
_BOUNDS = 2


class ConditionKind(StrEnum):
    """What is asked of the wall time of a firing."""

    WEEKDAYS = "weekdays"
    DAYS_OF_MONTH = "days_of_month"
    BETWEEN = "between"
    FROM_DAY = "from_day"
    UNTIL_DAY = "until_day"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; all that a job has must hold.

    ``WEEKDAYS`` has names (``MON``); ``DAYS_OF_MONTH`` numbers from 1 to 31, or ``LAST``;
    ``BETWEEN`` two wall times (``22:00``, ``06:00``; the second is outside, and may be of the next
    day); ``FROM_DAY`` and ``UNTIL_DAY`` one day (``2026-12-31``), which is inside.
    """

    kind: ConditionKind
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse, with ``ValueError`` and a reason, values that are none of the kind."""
        fault = _FAULTS[self.kind](self.values)
        if fault is not None:
            raise ValueError(f"{self.kind} {fault}")

    def holds(self, wall: datetime) -> bool:
        """Say whether it holds at a reading of the job's wall clock."""
        if self.kind is ConditionKind.WEEKDAYS:
            return _WEEKDAYS[wall.weekday()] in self.values
        if self.kind is ConditionKind.DAYS_OF_MONTH:
            is_last = (wall.date() + timedelta(days=1)).day == 1
            return str(wall.day) in self.values or (is_last and _LAST in self.values)
        if self.kind is ConditionKind.BETWEEN:
            first, end = map(time.fromisoformat, self.values)
            at = wall.time()
            return first <= at < end if first < end else at >= first or at < end
        day = date.fromisoformat(self.values[0])
        return wall.date() >= day if self.kind is ConditionKind.FROM_DAY else wall.date() <= day

    def __str__(self) -> str:
        """Return it as people read it: ``weekdays MON,TUE``."""
        return f"{self.kind} {','.join(self.values)}"


def _weekdays_fault(values: tuple[str, ...]) -> str | None:
    is_fit = bool(values) and set(values) <= set(_WEEKDAYS)
    return None if is_fit else f"takes some of {', '.join(_WEEKDAYS)}"


def _days_fault(values: tuple[str, ...]) -> str | None:
    known = {_LAST, *map(str, range(1, _DAYS_MAX + 1))}
    return None if values and set(values) <= known else "takes days from 1 to 31, or LAST"


def _between_fault(values: tuple[str, ...]) -> str | None:
    fault = "takes two different wall times, as in 08:00 and 18:00"
    if len(values) != _BOUNDS or values[0] == values[1]:
        return fault
    return None if all(map(_is_wall_time, values)) else fault


def _is_wall_time(value: str) -> bool:
    try:
        return time.fromisoformat(value).strftime("%H:%M") == value
    except ValueError:
        return False


def _day_fault(values: tuple[str, ...]) -> str | None:
    fault = "takes one day, as in 2026-12-31"
    try:
        [value] = values
        return None if date.fromisoformat(value).isoformat() == value else fault
    except ValueError:
        return fault


_FAULTS = {
    ConditionKind.WEEKDAYS: _weekdays_fault,
    ConditionKind.DAYS_OF_MONTH: _days_fault,
    ConditionKind.BETWEEN: _between_fault,
    ConditionKind.FROM_DAY: _day_fault,
    ConditionKind.UNTIL_DAY: _day_fault,
}
