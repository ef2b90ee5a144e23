"""Cron expressions fire once for each reading of the wall clock, whatever the clocks do."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.errors import InvalidRequest

CLOSING_TIMES = [time(0, 0), time(0, 30), time(2, 0), time(2, 30), time(23, 30)]
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MINUTE = timedelta(minutes=1)
_CHANGES_A_ZONE = 1


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _firings(expression: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    cron = SystemCron()
    firings: list[datetime] = []
    instant = start
    while (following := cron.next_after(expression, zone, instant)) is not None:
        if following >= end:
            break
        assert following > instant
        assert following.tzinfo is UTC
        firings.append(following)
        instant = following
    return firings


@cache
def _zones_with_changes() -> list[tuple[str, list[datetime]]]:
    """One name for each set of clock changes, with the days in which they happen."""
    folder = resources.files("tzdata").joinpath("zoneinfo")
    seen: set[bytes] = set()
    found = []
    for name in resources.files("tzdata").joinpath("zones").read_text("utf-8").split():
        content = folder.joinpath(*name.split("/")).read_bytes()
        days = [] if content in seen else list(_days_with_changes(load_zone(name)))
        seen.add(content)
        if days:
            found.append((name, days))
    return found


def _days_with_changes(zone: ZoneInfo) -> Iterator[datetime]:
    week = datetime(2000, 1, 2, tzinfo=UTC)
    while week.year < 2038:
        if _changes(zone, week, week + _WEEK):
            days = (week + number * _DAY for number in range(7))
            yield from (day for day in days if _changes(zone, day, day + _DAY))
        week += _WEEK


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    return start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset()


def _minutes(zone: ZoneInfo, start: datetime) -> list[tuple[datetime, datetime]]:
    """Every minute of the day of a change and of two days on either side, with its reading."""
    count = 5 * _DAY // _MINUTE
    instants = [start - 2 * _DAY + minute * _MINUTE for minute in range(count)]
    return [(instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in instants]


def _first_showings(
    minutes: list[tuple[datetime, datetime]], closing: time
) -> dict[date, datetime]:
    """By walking through the minutes: when each date's closing time is first reached."""
    day = minutes[0][1].date() + _DAY
    last = minutes[-1][1].date()
    reached: dict[date, datetime] = {}
    for instant, reading in minutes:
        while day < last and reading >= datetime.combine(day, closing):
            reached[day] = instant
            day += _DAY
    return reached


def _sampled() -> list[tuple[str, datetime]]:
    draw = random.Random(4)  # noqa: S311 - a sample, always the same
    return [
        (name, day)
        for name, days in _zones_with_changes()
        for day in draw.sample(days, min(_CHANGES_A_ZONE, len(days)))
    ] + [
        ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
        ("America/Sao_Paulo", datetime(2018, 11, 4, tzinfo=UTC)),
        ("America/Sao_Paulo", datetime(2018, 2, 18, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
    ]


def test_each_business_date_has_exactly_one_firing_around_changes_of_every_zone() -> None:
    checked = 0
    cron = SystemCron()
    draw = random.Random(37)  # noqa: S311 - moments, always the same
    for number, (zone, changed) in enumerate(_sampled()):
        minutes = _minutes(load_zone(zone), changed)
        for place, closing in enumerate(CLOSING_TIMES):
            reached = _first_showings(minutes, closing)
            expected = list(dict.fromkeys(reached.values()))
            # Two dates share an instant only where one of them never was.
            assert len(expected) == len(reached) or zone in ("Pacific/Apia", "Pacific/Fakaofo")
            # The library treats five fields otherwise than six: now the ones, now the others.
            seconds = "0 " if (number + place) % 2 else ""
            expression = f"{seconds}{closing.minute} {closing.hour} * * *"
            start, end = expected[0] - _MINUTE, expected[-1] + _MINUTE
            assert _firings(expression, zone, start, end) == expected, (zone, changed, closing)
            # Nor does it matter when one asks: within a repeated hour, say.
            for before, following in pairwise(expected):
                asked = draw.choice([at for at, _ in minutes if before <= at < following])
                assert cron.next_after(expression, zone, asked) == following, (zone, asked)
            checked += len(reached)
    assert len(_zones_with_changes()) > 150
    assert checked > 4_000


@pytest.mark.parametrize("expression", ["30 1 * * *", "0 30 1 * * *"])
def test_a_repeated_time_fires_once_at_the_first(expression: str) -> None:
    firings = _firings(
        expression, "America/New_York", _at("2026-10-31T12:00"), _at("2026-11-03T00:00")
    )

    assert firings == [_at("2026-11-01T05:30"), _at("2026-11-02T06:30")]


@pytest.mark.parametrize("expression", ["30 1 * * *", "0 30 1 * * *"])
def test_asked_within_the_repetition_the_first_time_is_over(expression: str) -> None:
    firing = SystemCron().next_after(expression, "America/New_York", _at("2026-11-01T06:10"))

    assert firing == _at("2026-11-02T06:30")


@pytest.mark.parametrize("expression", ["30 2 * * *", "0 30 2 * * *"])
def test_a_skipped_time_fires_at_the_shift(expression: str) -> None:
    firings = _firings(
        expression, "America/New_York", _at("2026-03-07T12:00"), _at("2026-03-10T00:00")
    )

    assert firings == [_at("2026-03-08T07:00"), _at("2026-03-09T06:30")]


def test_what_is_skipped_and_what_falls_on_the_shift_fire_together() -> None:
    firings = _firings(
        "0,30 2,3 * * *", "Europe/Berlin", _at("2026-03-29T00:00"), _at("2026-03-29T05:00")
    )

    assert firings == [_at("2026-03-29T01:00"), _at("2026-03-29T01:30")]


def test_an_hourly_expression_rests_while_an_hour_is_repeated() -> None:
    firings = _firings(
        "0 * * * *", "Europe/Berlin", _at("2026-10-24T23:30"), _at("2026-10-25T03:30")
    )

    assert [firing.hour for firing in firings] == [0, 2, 3]


def test_a_day_that_never_was_fires_at_the_shift() -> None:
    late = _firings("0 2 * * *", "Pacific/Apia", _at("2011-12-29T00:00"), _at("2012-01-01T00:00"))
    midnight = _firings(
        "0 0 * * *", "Pacific/Apia", _at("2011-12-29T00:00"), _at("2012-01-01T00:00")
    )

    assert late == [
        _at("2011-12-29T12:00"),
        _at("2011-12-30T10:00"),
        _at("2011-12-30T12:00"),
        _at("2011-12-31T12:00"),
    ]
    assert midnight == [_at("2011-12-29T10:00"), _at("2011-12-30T10:00"), _at("2011-12-31T10:00")]


def test_the_default_schedule_fires_at_two_in_sao_paulo() -> None:
    firing = SystemCron().next_after("0 0 2 * * *", "America/Sao_Paulo", _at("2026-11-22T05:00"))

    assert firing == _at("2026-11-23T05:00")


def test_a_moment_before_the_second_fires_at_it() -> None:
    cron = SystemCron()

    assert cron.next_after("0 2 * * *", "UTC", _at("2026-11-22T01:59:59.999999")) == _at(
        "2026-11-22T02:00"
    )
    assert cron.next_after("0 2 * * *", "UTC", _at("2026-11-22T02:00:00.000001")) == _at(
        "2026-11-23T02:00"
    )


def test_seconds_come_first_where_there_are_six_fields() -> None:
    firing = SystemCron().next_after("15 30 2 * * *", "UTC", _at("2026-11-22T00:00"))

    assert firing == _at("2026-11-22T02:30:15")


def test_what_never_comes_has_no_firing() -> None:
    cron = SystemCron()

    # The fifth Monday of a February comes in 2044, the year that no calendar reaches never.
    assert cron.next_after("0 0 * 2 MON#5", "UTC", _at("2026-11-22T00:00")) == _at(
        "2044-02-29T00:00"
    )
    assert cron.next_after("0 0 1 1 *", "UTC", _at("9999-06-01T00:00")) is None
    assert cron.next_after("0 0 31 12 *", "Asia/Tokyo", _at("9999-12-31T12:00")) is None


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("0 24 * * *", "hour"),
        ("60 2 * * *", "minute"),
        ("61 0 2 * * *", "second"),
        ("0 2 32 * *", "day-of-month"),
        ("0 2 30 2 *", "day-of-month"),
        ("0 2 * 13 *", "month"),
        ("0 2 * * 8", "day-of-week"),
        ("0 2 * *", "five fields"),
        ("", "five fields"),
        ("* * * * * * *", "five fields"),
        ("a b c d e", "minute"),
        (f"0 {'9' * 240} * * *", "hour"),
        (f"0 {'9' * 5_000} * * *", "characters"),
        ("0 2 * * \N{SUPERSCRIPT TWO}L", "day-of-week"),
    ],
)
def test_what_is_no_expression_is_refused_and_named(expression: str, named: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        SystemCron().next_after(expression, "UTC", _at("2026-11-22T00:00"))

    assert caught.value.code == "invalid_cron"
    assert named in caught.value.message


def test_a_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidRequest) as caught:
        SystemCron().next_after("0 2 * * *", "Atlantis/\x1b[2J", _at("2026-11-22T00:00"))

    assert caught.value.code == "unknown_zone"
    assert "\x1b" not in caught.value.message


@given(st.text(alphabet="0123456789*/,-#LWMONJAN? \t\x00", max_size=40))
def test_any_text_is_either_an_expression_or_refused(expression: str) -> None:
    instant = _at("2026-11-22T00:00")
    try:
        firing = SystemCron().next_after(expression, "America/Sao_Paulo", instant)
    except InvalidRequest:
        return
    assert firing is None or firing > instant
