"""What a process that serves does again and again, and how long it may rest in between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aegis_batch.application.heart import Heart, HeartRate
from aegis_batch.application.takeover import TakeOverUseCase
from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.job_events import ScheduleSetBack
from aegis_batch.domain.schedule import ScheduleKind, Timing
from tests.living import a_heartbeat
from tests.unit.application.office import (
    DELAYED,
    HOUR,
    HOURLY,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
)

SECOND = timedelta(seconds=1)


def test_the_first_beat_gives_a_sign_of_life_with_who_lives() -> None:
    office = Office()
    office.clock.advance(SECOND)

    office.heart.beat()

    [beat] = office.pulse.signs(9).executors
    assert (beat.name, beat.version, beat.stopped) == ("machine-1", "1.2.3", False)
    assert (beat.started_at, beat.beaten_at) == (NOON, NOON + SECOND)


def test_signs_of_life_come_every_ten_seconds_and_not_at_every_beat() -> None:
    office = Office()
    seen = []
    for _ in range(30):
        office.heart.beat()
        [beat] = office.pulse.signs(9).executors
        seen.append((beat.beaten_at - NOON).total_seconds())
        office.clock.advance(SECOND)

    assert sorted(set(seen)) == [0, 10, 20]


def test_a_process_that_stops_in_good_order_says_so() -> None:
    office = Office()
    office.heart.beat()

    office.heart.stop()

    [beat] = office.pulse.signs(9).executors
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

    [beat] = office.pulse.signs(9).executors
    assert beat.beaten_at == NOON - 5 * HOUR + 10 * SECOND


def be_far_ahead_for_a_moment(office: Office) -> None:
    now = office.clock.now()
    office.clock.set(now + 300 * ONE_DAY)
    while office.heart.beat() == 0.0:
        pass
    office.work()
    office.clock.set(now)
    office.clock.advance(SECOND)


def test_a_clock_that_was_far_ahead_for_a_moment_stops_no_schedule_of_a_process_that_goes_on() -> (
    None
):
    office = Office([DELAYED, NIGHTLY])
    be_far_ahead_for_a_moment(office)
    assert office.next_at("delayed") == NOON + 300 * ONE_DAY + HOUR

    office.heart.beat()

    assert office.next_at("delayed") == NOON + HOUR + SECOND
    assert office.next_at("daily-close") == NOON + 14 * HOUR
    told = office.events(ScheduleSetBack)
    assert [getattr(event, "schedule", None) for event in told] == ["daily-close", "delayed"]
    office.live_until(NOON + ONE_DAY)
    assert office.decisions("daily-close") == ["RAN"]
    assert office.decisions("delayed") == ["RAN"] * 23
    assert office.events(ScheduleSetBack) == told


def test_next_times_far_ahead_are_set_back_a_few_at_a_time() -> None:
    office = Office([replace(DELAYED, name=f"delayed-{number:02}") for number in range(45)])
    be_far_ahead_for_a_moment(office)

    waits, counts = [], []
    for _ in range(4):
        waits.append(office.heart.beat())
        counts.append(len(office.events(ScheduleSetBack)))

    assert counts == [20, 40, 45, 45]
    assert waits == [0.0, 0.0, 1.0, 1.0]


def test_next_times_far_ahead_are_set_back_once_a_state_that_was_away_is_back() -> None:
    office = Office([DELAYED])
    be_far_ahead_for_a_moment(office)
    # After the turn that fires, and after the one that looks.
    for fault in ("commit_faults", "begin_faults"):
        getattr(office.state, fault).append(StateUnavailable("state_locked", "Locked.", "Wait."))
        with pytest.raises(StateUnavailable):
            office.heart.beat()
    assert office.events(ScheduleSetBack) == []

    office.heart.beat()

    assert office.next_at("delayed") == NOON + HOUR + SECOND


def test_a_clock_that_was_ahead_before_the_first_beat_is_known_to_have_gone_back() -> None:
    office = Office([])
    office.clock.set(NOON + 300 * ONE_DAY)
    office.restart([DELAYED])
    office.clock.set(NOON)

    office.heart.beat()

    assert office.next_at("delayed") == NOON + HOUR


def test_who_is_not_alone_leaves_signs_of_life_to_a_thread_and_takes_over_from_the_dead() -> None:
    office = Office([])
    dead, ours = (
        a_heartbeat(office.pulse, office.clock, name, lease_seconds=30.0)
        for name in ("m/dead", "m/ours")
    )
    heart = Heart(
        fire_due=office.fire_due,
        reconcile=office.reconcile,
        set_back=office.set_back,
        tidy=lambda: False,
        heartbeat=ours,
        take_over=TakeOverUseCase(
            office.ledger, office.pulse, office.clock, ours.lease, ours.executor
        ),
        clock=office.clock,
        rate=HeartRate(),
    )
    assert heart.beat() == 1.0
    assert [each.name for each in office.pulse.signs(9).executors] == ["machine-1"]

    assert dead.beat()
    for _ in range(31):
        assert office.heartbeat.beat()
        assert ours.beat()
        heart.beat()
        office.clock.advance(SECOND)

    assert [each.name for each in office.pulse.signs(9).executors if each.buried] == ["m/dead"]
    heart.stop()
    living = [each.name for each in office.pulse.signs(9).executors if each.is_living]
    assert living == ["machine-1"]
