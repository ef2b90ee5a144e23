"""Windows tile around every clock change of every IANA zone from 2000 to 2037.

What they are checked against is worked out apart from the calendar, in whole seconds.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

import pytest

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar
from tests.clock_changes import Stretch, zones_that_change

_DAY = timedelta(days=1)
_DAY_SECONDS = 86_400
_MICROSECOND = timedelta(microseconds=1)


def _first_second_at_or_after(target: int, stretches: list[Stretch]) -> int:
    """Return when the clock first shows a reading, both in seconds since 1970."""
    # A clock is never further from UTC than two days, so earlier stretches can't show it.
    place = bisect_right(stretches, (target - 2 * _DAY_SECONDS,)) - 1
    for stretch in stretches[place:]:
        second = max(stretch.start, target - stretch.offset)
        if second < stretch.end:
            return second
    raise AssertionError(target)


def _reading(day: date, start: time) -> int:
    return int(datetime.combine(day, start, tzinfo=UTC).timestamp())


def _days_near(change: Stretch) -> Iterator[date]:
    day = datetime.fromtimestamp(change.start + change.offset, UTC).date()
    return (day + distance * _DAY for distance in range(-2, 3))


def test_every_zone_of_the_package_is_looked_at() -> None:
    zones = zones_that_change()
    changes = sum(len(stretches) - 1 for stretches in zones.values())

    # Far fewer would mean that the scan went blind.
    assert len(zones) > 190
    assert changes > 9_000
    assert {"Pacific/Apia", "Antarctica/Troll", "Africa/Casablanca"} <= zones.keys()


@pytest.mark.parametrize(
    "day_start", [time(0, 0), time(0, 30), time(2, 0), time(2, 30), time(23, 30)], ids=str
)
def test_windows_tile_around_every_clock_change(day_start: time) -> None:
    for name, stretches in zones_that_change().items():
        calendar = Calendar(load_zone(name), name, day_start)
        before = None
        for day in sorted(set(chain.from_iterable(map(_days_near, stretches[1:])))):
            if before is None or before.day != day - _DAY:
                before = calendar.window(day - _DAY)
            window = calendar.window(day)
            seconds = _first_second_at_or_after(_reading(day, day_start), stretches)

            place = f"{name} {day} {day_start}"
            assert window.start == datetime.fromtimestamp(seconds, UTC), place
            assert window.start.tzinfo is UTC, place
            assert before.end == window.start <= window.end, place
            if window.start < window.end:
                assert calendar.business_date(window.start) == day, place
            owner = calendar.business_date(window.start - _MICROSECOND)
            assert owner == day - (2 * _DAY if before.start == before.end else _DAY), place
            before = window


def _calendar(name: str, day_start: time = time(0, 0)) -> Calendar:
    return Calendar(load_zone(name), name, day_start)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), 23.0),
        ("America/Sao_Paulo", date(2018, 2, 17), 25.0),
        ("America/Sao_Paulo", date(2026, 11, 21), 24.0),
        ("Europe/Berlin", date(2026, 3, 29), 23.0),
        ("Europe/Berlin", date(2026, 10, 25), 25.0),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 29), 24.0),
        ("Pacific/Apia", date(2011, 12, 30), 0.0),
        ("Pacific/Apia", date(2011, 12, 31), 24.0),
        ("Antarctica/Troll", date(2026, 3, 29), 22.0),
        ("Antarctica/Troll", date(2026, 10, 25), 26.0),
    ],
)
def test_a_day_is_as_long_as_its_clock_makes_it(zone: str, day: date, hours: float) -> None:
    window = _calendar(zone).window(day)

    assert (window.end - window.start) / timedelta(hours=1) == hours
    assert (window.start == window.end) == (hours == 0)


def test_a_day_without_midnight_starts_with_the_clock_change() -> None:
    window = _calendar("America/Sao_Paulo").window(date(2018, 11, 4))

    assert window.start == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert window.end == datetime(2018, 11, 5, 2, tzinfo=UTC)
    assert (window.wall_start, window.wall_end) == (datetime(2018, 11, 4), datetime(2018, 11, 5))  # noqa: DTZ001 - a reading of a clock


def test_an_hour_before_midnight_that_comes_twice_belongs_to_the_day_that_ends() -> None:
    calendar = _calendar("America/Sao_Paulo")

    window = calendar.window(date(2018, 2, 17))

    assert window.start == datetime(2018, 2, 17, 2, tzinfo=UTC)
    assert window.end == datetime(2018, 2, 18, 3, tzinfo=UTC)
    for first_or_second in (
        datetime(2018, 2, 18, 1, 30, tzinfo=UTC),
        datetime(2018, 2, 18, 2, 30, tzinfo=UTC),
    ):
        assert calendar.business_date(first_or_second) == date(2018, 2, 17)


def test_a_day_that_starts_within_the_hour_that_comes_twice_starts_the_first_time() -> None:
    window = _calendar("America/Sao_Paulo", time(23, 30)).window(date(2018, 2, 17))

    assert window.start == datetime(2018, 2, 18, 1, 30, tzinfo=UTC)


def test_a_midnight_that_is_taken_back_a_minute_later_was_the_start_of_the_day() -> None:
    # St. John's: 00:00 on 2010-11-07 came at 02:30 UTC; at 00:01 it became 23:01 again.
    calendar = _calendar("America/St_Johns")

    window = calendar.window(date(2010, 11, 7))

    assert window.start == datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    assert window.end == datetime(2010, 11, 8, 3, 30, tzinfo=UTC)
    assert calendar.business_date(datetime(2010, 11, 7, 2, 31, tzinfo=UTC)) == date(2010, 11, 7)


def test_a_clock_put_forward_a_minute_past_midnight_leaves_the_start_of_the_day() -> None:
    calendar = _calendar("America/St_Johns")

    window = calendar.window(date(2010, 3, 14))

    assert window.start == datetime(2010, 3, 14, 3, 30, tzinfo=UTC)
    assert window.end - window.start == timedelta(hours=23)


def test_a_day_that_a_zone_jumped_over_is_empty_and_owns_no_instant() -> None:
    calendar = _calendar("Pacific/Apia")
    window = calendar.window(date(2011, 12, 30))

    assert window.start == window.end == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert calendar.business_date(window.start) == date(2011, 12, 31)
    assert calendar.business_date(window.start - _MICROSECOND) == date(2011, 12, 29)
