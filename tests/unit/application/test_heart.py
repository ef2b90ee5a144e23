"""What a process that serves does again and again, and how long it may rest in between."""

from dataclasses import replace
from datetime import timedelta

from aegis_batch.domain.schedule import ScheduleKind, Timing
from tests.unit.application.office import HOUR, HOURLY, NIGHTLY, NOON, Office

SECOND = timedelta(seconds=1)


def test_the_first_beat_gives_a_sign_of_life_with_who_lives() -> None:
    office = Office()
    office.clock.advance(SECOND)

    office.heart.beat()

    beat = office.pulse.last()
    assert beat is not None
    assert (beat.executor, beat.version, beat.stopped) == ("machine-1", "1.2.3", False)
    assert (beat.started_at, beat.beaten_at) == (NOON, NOON + SECOND)


def test_signs_of_life_come_every_ten_seconds_and_not_at_every_beat() -> None:
    office = Office()
    seen = []
    for _ in range(30):
        office.heart.beat()
        beat = office.pulse.last()
        assert beat is not None
        seen.append((beat.beaten_at - NOON).total_seconds())
        office.clock.advance(SECOND)

    assert sorted(set(seen)) == [0, 10, 20]


def test_a_process_that_stops_in_good_order_says_so() -> None:
    office = Office()
    office.heart.beat()

    office.heart.stop()

    beat = office.pulse.last()
    assert beat is not None
    assert beat.stopped


def test_it_rests_no_longer_than_a_poll_and_not_beyond_the_next_firing() -> None:
    office = Office([HOURLY])

    assert office.heart.beat() == 1.0
    office.sleep_until(NOON + HOUR - SECOND / 4)
    assert office.heart.beat() == 0.25
    office.sleep_until(NOON + HOUR)
    assert office.heart.beat() == 1.0
    assert office.decisions("hourly") == ["RAN"]


def test_without_any_schedule_it_rests_for_a_poll() -> None:
    assert Office([]).heart.beat() == 1.0


def test_one_beat_decides_all_that_has_come_up_to_a_limit() -> None:
    every_second = Timing(ScheduleKind.FIXED_RATE, every=SECOND)
    office = Office([replace(HOURLY, timing=every_second, newest_only=True)])
    office.sleep_until(NOON + 6 * HOUR)

    assert office.heart.beat() == 0.0
    assert len(office.occurrences("hourly")) == 10_000

    for _ in range(2):
        office.heart.beat()
    assert office.decisions("hourly")[-1] == "RAN"


def test_lost_work_is_looked_for_every_minute() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NOON + 14 * HOUR)
    office.heart.beat()
    office.lose_work()

    office.clock.advance(59 * SECOND)
    office.heart.beat()
    assert office.queue.due(office.clock.now()) == []
    office.clock.advance(SECOND)
    office.heart.beat()

    assert len(office.queue.due(office.clock.now())) == 1


def test_it_is_tidied_up_at_the_first_beat_and_every_day() -> None:
    office = Office([])
    for _ in range(49):
        office.heart.beat()
        office.clock.advance(HOUR)

    assert office.tidied_at == [NOON, NOON + 24 * HOUR, NOON + 48 * HOUR]


def test_tidying_up_that_is_not_done_goes_on_at_the_next_beat() -> None:
    office = Office([])
    office.untidy = 3
    for _ in range(5):
        office.heart.beat()
        office.clock.advance(SECOND)

    assert office.tidied_at == [NOON, NOON + SECOND, NOON + 2 * SECOND]


def test_a_clock_that_is_set_back_stops_no_heart() -> None:
    office = Office([HOURLY])
    office.heart.beat()
    office.clock.set(NOON - 5 * HOUR)

    office.clock.advance(10 * SECOND)
    assert office.heart.beat() == 1.0

    beat = office.pulse.last()
    assert beat is not None
    assert beat.beaten_at == NOON - 5 * HOUR + 10 * SECOND
