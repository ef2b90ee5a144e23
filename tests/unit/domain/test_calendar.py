"""Business days on ordinary dates, and at the edges of all dates."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def _calendar(name: str = "America/Sao_Paulo", day_start: time = time(0, 0)) -> Calendar:
    return Calendar(load_zone(name), name, day_start)


def test_a_day_is_a_window_of_utc_instants_and_of_wall_readings() -> None:
    window = _calendar().window(date(2026, 11, 21))

    assert window.day == date(2026, 11, 21)
    assert window.start == datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert window.end == datetime(2026, 11, 22, 3, tzinfo=UTC)
    assert (window.start.tzinfo, window.end.tzinfo) == (UTC, UTC)
    assert window.wall_start.isoformat() == "2026-11-21T00:00:00"
    assert window.wall_end.isoformat() == "2026-11-22T00:00:00"
    assert window.start < window.end


def test_a_day_may_start_later_than_at_midnight() -> None:
    calendar = _calendar(day_start=time(5, 30))

    window = calendar.window(date(2026, 11, 21))

    assert window.start == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    assert window.wall_start.isoformat() == "2026-11-21T05:30:00"
    assert window.wall_end.isoformat() == "2026-11-22T05:30:00"
    assert calendar.business_date(window.start - timedelta(microseconds=1)) == date(2026, 11, 20)
    assert calendar.business_date(window.start) == date(2026, 11, 21)


def test_an_instant_has_the_same_business_date_in_every_notation() -> None:
    calendar = _calendar()
    noted = datetime(2026, 11, 22, 11, 30, tzinfo=timezone(timedelta(hours=9)))

    assert calendar.business_date(noted) == date(2026, 11, 21)
    assert calendar.business_date(noted.astimezone(UTC)) == date(2026, 11, 21)


@given(
    st.integers(-2_208_988_800, 7_258_118_400).map(lambda second: _EPOCH + second * _SECOND),
    st.sampled_from(["America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Africa/Monrovia"]),
    st.times().map(lambda start: start.replace(microsecond=0)),
)
def test_every_instant_lies_in_the_window_of_its_business_date(
    instant: datetime, zone: str, day_start: time
) -> None:
    calendar = _calendar(zone, day_start)

    window = calendar.window(calendar.business_date(instant))

    assert window.start <= instant < window.end


@pytest.mark.parametrize("day_start", [time(0, 0, 0, 1), time(0, 0, tzinfo=UTC)])
def test_a_day_starts_at_a_plain_reading_of_whole_seconds(day_start: time) -> None:
    with pytest.raises(ValueError, match="00:00:00"):
        _calendar(day_start=day_start)


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati", "Asia/Manila", "UTC"])
@pytest.mark.parametrize("day_start", [time(0, 0), time(23, 59)])
@pytest.mark.parametrize("day", [date(1, 1, 3), date(9999, 12, 29)])
def test_windows_reach_from_the_first_dates_to_the_last(
    zone: str, day_start: time, day: date
) -> None:
    window = _calendar(zone, day_start).window(day)

    assert window.end - window.start == timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Etc/GMT-14", date.min), ("UTC", date.max)],
)
def test_dates_beyond_all_windows_overflow(zone: str, day: date) -> None:
    with pytest.raises(OverflowError):
        _calendar(zone).window(day)


def test_a_period_is_known_by_its_kind_and_its_first_day() -> None:
    period = Period(PeriodKind.DAY, date(2026, 11, 21))

    assert str(period.kind) == "day"
    assert {period} == {Period(PeriodKind("day"), date(2026, 11, 21))}


def test_a_week_begins_on_monday_and_a_month_on_its_first() -> None:
    thursday = date(2015, 1, 1)

    assert Period.holding(PeriodKind.DAY, thursday).first_day == thursday
    assert Period.holding(PeriodKind.WEEK, thursday).first_day == date(2014, 12, 29)
    assert Period.holding(PeriodKind.MONTH, date(2015, 2, 28)).first_day == date(2015, 2, 1)


@pytest.mark.parametrize("kind", [PeriodKind.WEEK, PeriodKind.MONTH])
def test_a_period_is_known_by_its_first_day_alone(kind: PeriodKind) -> None:
    with pytest.raises(ValueError, match="2015-01-06"):
        Period(kind, date(2015, 1, 6))


@pytest.mark.parametrize(
    ("period", "days", "last_day", "name"),
    [
        (Period(PeriodKind.DAY, date(2015, 1, 7)), 1, date(2015, 1, 7), "2015-01-07"),
        (Period(PeriodKind.WEEK, date(2014, 12, 29)), 7, date(2015, 1, 4), "week 2015-W01"),
        (Period(PeriodKind.MONTH, date(2016, 2, 1)), 29, date(2016, 2, 29), "month 2016-02"),
        (Period(PeriodKind.MONTH, date(2015, 12, 1)), 31, date(2015, 12, 31), "month 2015-12"),
    ],
)
def test_a_period_has_its_days_and_its_name(
    period: Period, days: int, last_day: date, name: str
) -> None:
    assert len(period.days) == days
    assert period.days[0].first_day == period.first_day
    assert period.days[-1].first_day == period.last_day == last_day
    assert str(period) == name


@given(kind=st.sampled_from(PeriodKind), day=st.dates(date(1970, 1, 1), date(2100, 1, 1)))
def test_periods_of_a_kind_tile_the_days_and_their_windows_those_of_the_days(
    kind: PeriodKind, day: date
) -> None:
    calendar = _calendar(day_start=time(2, 30))
    period = Period.holding(kind, day)
    following = Period(kind, period.end_day)
    windows = [calendar.window(day.first_day) for day in period.days]

    assert period.first_day <= day <= period.last_day
    assert following.first_day == period.last_day + timedelta(days=1)
    assert (windows[0].start, windows[-1].end) == (
        calendar.window_of(period).start,
        calendar.window_of(period).end,
    )
    assert (windows[0].wall_start, windows[-1].wall_end) == (
        calendar.window_of(period).wall_start,
        calendar.window_of(period).wall_end,
    )
