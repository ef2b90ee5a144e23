"""Which business days should be closed by now."""

from datetime import UTC, date, datetime, time, timedelta

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.expectation import Expectation

ZONE = "America/Sao_Paulo"
CALENDAR = Calendar(load_zone(ZONE), ZONE)
WEEK = timedelta(days=7)
# 02:00 on 2026-11-22 in Sao Paulo.
NIGHT = datetime(2026, 11, 22, 5, tzinfo=UTC)


def test_a_night_expects_the_days_that_ended_within_the_window_oldest_first() -> None:
    expectation = Expectation(CALENDAR, WEEK)

    days = expectation.days(NIGHT, NIGHT)

    assert days == [date(2026, 11, day) for day in range(15, 22)]


def test_nothing_before_the_first_day_is_expected() -> None:
    expectation = Expectation(CALENDAR, WEEK, close_from=date(2026, 11, 20))

    assert expectation.days(NIGHT, NIGHT) == [date(2026, 11, 20), date(2026, 11, 21)]


def test_a_night_that_runs_late_looks_at_the_days_of_its_own_time() -> None:
    expectation = Expectation(CALENDAR, WEEK)

    days = expectation.days(NIGHT, NIGHT + timedelta(days=2))

    assert days[-1] == date(2026, 11, 21)
    assert days[0] == date(2026, 11, 17)


def test_a_clock_that_was_set_back_makes_no_day_end_early() -> None:
    expectation = Expectation(CALENDAR, WEEK)

    assert expectation.days(NIGHT, NIGHT - timedelta(days=1))[-1] == date(2026, 11, 20)


def test_before_the_day_starts_the_day_before_yesterday_was_the_last_to_end() -> None:
    late = Calendar(load_zone(ZONE), ZONE, time(5))

    assert Expectation(late, WEEK).newest_day(NIGHT) == date(2026, 11, 20)


def test_the_oldest_nominal_time_is_the_first_whose_own_day_is_looked_at() -> None:
    expectation = Expectation(CALENDAR, WEEK)

    for hours in range(50):
        now = NIGHT + timedelta(hours=hours, minutes=7)
        oldest = expectation.oldest_nominal(now)

        assert expectation.newest_day(oldest) in expectation.days(now, now)
        just_before = oldest - timedelta(microseconds=1)
        assert expectation.newest_day(just_before) not in expectation.days(now, now)
