"""After a clock that was far ahead: what it decided about times to come is void, and no more is."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_batch.domain.events import CloseFailed
from aegis_batch.domain.job_events import OccurrenceDecided, ScheduleSetBack
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Occurrence, Overlap, Schedule, ScheduleKind, Timing
from tests.unit.application.office import (
    AWAY,
    DAY,
    DELAYED,
    HOUR,
    HOURLY,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
)

NIGHT = NOON + 14 * HOUR
SECOND = timedelta(seconds=1)
LATER = replace(NIGHTLY, timing=replace(NIGHTLY.timing, cron="0 1 2 * * *"))
ONCE = Schedule("once", JobKind.NIGHT, Timing(ScheduleKind.ONE_TIME, at=NOON + 5 * ONE_DAY))


def leap(office: Office, ahead: timedelta, *, works: bool = True) -> None:
    """Let the clock be ahead for a moment in which the process does all that is due."""
    now = office.clock.now()
    office.clock.set(now + ahead)
    while office.heart.beat() == 0.0:
        pass
    if works:
        office.work()
    office.clock.set(now)
    office.clock.advance(SECOND)


def come_back(office: Office) -> None:
    while office.heart.beat() == 0.0:
        pass


def texts(office: Office) -> list[str]:
    return [n.text for n in office.notifier.delivered if n.event == "schedule.set_back"]


def test_each_night_and_deadline_after_a_leap_of_the_clock_comes_when_it_comes() -> None:
    office = Office()

    leap(office, 30 * ONE_DAY)
    office.live_until(NIGHT + 3 * ONE_DAY + 5 * HOUR)

    assert office.decisions("daily-close") == ["RAN"] * 4
    assert office.decisions("close-deadline") == ["RAN"] * 4
    assert {DAY + day * ONE_DAY for day in range(4)} <= set(office.closed_days())


def test_what_is_void_is_told_in_the_audit_in_the_log_and_once_to_people() -> None:
    office = Office()

    leap(office, 30 * ONE_DAY)
    office.live_until(NOON + HOUR)

    told = [event for event in office.sink.events if isinstance(event, ScheduleSetBack)]
    assert [(e.schedule, e.was_at, e.next_at, e.withdrawn) for e in told] == [
        ("close-deadline", NIGHT + 30 * ONE_DAY + 4 * HOUR, NIGHT + 4 * HOUR, 30),
        ("daily-close", NIGHT + 30 * ONE_DAY, NIGHT, 30),
    ]
    entries = office.history.audit(9)
    assert {(e.operator, e.action) for e in entries} == {("aegis-batch", "schedule.set_back")}
    assert [e.subject for e in entries] == ["daily-close", "close-deadline"]
    span = "30 decisions, 2026-11-22T05:00:00+00:00 to 2026-12-21T05:00:00+00:00"
    assert span in entries[0].reason
    [text] = texts(office)
    assert "close-deadline" in text
    assert "aegis-batch audit" in text


def test_what_waits_for_a_decision_that_is_void_is_cancelled_and_holds_up_no_night() -> None:
    office = Office([replace(NIGHTLY, jitter_max_seconds=600)])

    leap(office, 30 * ONE_DAY, works=False)
    office.live_until(NIGHT + HOUR)

    [ahead, night] = office.runs(JobKind.NIGHT)
    assert (ahead.state, night.state) == (RunState.CANCELLED, RunState.SUCCEEDED)
    assert office.decisions("daily-close") == ["RAN"]
    assert office.closes() == [(DAY, RunState.SUCCEEDED)]


def test_closes_of_days_to_come_are_cancelled_and_the_night_is_told_of() -> None:
    office = Office([NIGHTLY])
    office.backend.away = AWAY

    leap(office, 30 * ONE_DAY)
    office.backend.away = None
    seen = len(office.sink.events)
    office.live_until(NIGHT + HOUR)

    assert [state for day, state in office.closes() if day > DAY] == [RunState.CANCELLED] * 7
    assert not [e for e in office.sink.events[seen:] if isinstance(e, CloseFailed)]
    assert office.closed_days() == [DAY]
    # And the night that never was is none that failed.
    nights = [n.key for n in office.notifier.delivered if n.event.startswith("night.")]
    assert nights == [f"night:{office.runs(JobKind.NIGHT)[-1].id}"]
    assert office.notifier.delivered[-1].event == "night.complete"


def test_a_close_of_a_day_that_is_past_does_not_wait_until_the_clock_comes_to_its_moment() -> None:
    office = Office([NIGHTLY], close_from=DAY - ONE_DAY)
    office.backend.away = AWAY

    leap(office, 3 * ONE_DAY)
    office.backend.away = None
    office.live_until(NOON + MINUTE)

    assert office.closed_days() == [DAY - ONE_DAY]
    assert office.decisions("daily-close") == []


def test_a_held_run_of_a_time_that_is_past_begins_when_the_one_before_it_has_ended() -> None:
    office = Office([replace(HOURLY, overlap=Overlap.BUFFER_ALL)])
    office.sleep_until(NOON + 2 * HOUR)
    now = office.clock.now()
    leap(office, 2 * ONE_DAY, works=False)
    come_back(office)

    office.live_until(now + MINUTE)

    assert [run.nominal for run in office.runs(None, RunState.SUCCEEDED)] == [NOON + HOUR, now]
    assert not office.runs(None, RunState.HELD, RunState.QUEUED)


def test_a_message_that_a_leap_has_put_off_is_sent_soon() -> None:
    office = Office()
    leap(office, 30 * ONE_DAY)
    with office.ledger.turn() as turn:
        before = list(turn.state.notices.due(NOON + 99 * ONE_DAY, 99))
        for notice in before:
            turn.state.notices.save(replace(notice, due_at=NOON + 30 * ONE_DAY))
    come_back(office)

    with office.ledger.turn() as turn:
        due = {notice.key for notice in turn.state.notices.due(turn.now, 99)}
    assert before
    assert {notice.key for notice in before} <= due


def test_a_process_that_starts_after_a_leap_sets_back_what_it_finds() -> None:
    office = Office([NIGHTLY, ONCE, HOURLY])
    leap(office, 30 * ONE_DAY, works=False)

    office.restart()
    office.live_until(NIGHT + 6 * ONE_DAY)

    assert office.decisions("daily-close") == ["RAN"] * 7
    assert office.decisions("once") == ["RAN"]
    assert set(office.decisions("hourly")) == {"RAN"}


@pytest.mark.parametrize("after", [[LATER], [replace(NIGHTLY, catch_up=ONE_DAY)]])
def test_a_rule_that_is_changed_after_a_leap_counts_from_now(after: list[Schedule]) -> None:
    office = Office([NIGHTLY])
    leap(office, 30 * ONE_DAY, works=False)

    office.restart(after)
    office.live_until(NIGHT + ONE_DAY + HOUR)

    assert office.decisions("daily-close") == ["RAN"] * 2


def test_a_schedule_that_was_retired_in_a_leap_comes_back_without_what_was_void() -> None:
    office = Office([NIGHTLY])
    leap(office, 30 * ONE_DAY, works=False)
    office.restart([])
    office.live_until(NOON + HOUR)

    office.restart([NIGHTLY])
    office.live_until(NIGHT)

    assert office.decisions("daily-close") == ["RAN"]


def test_a_fixed_rate_keeps_its_step_and_a_fixed_delay_counts_from_now() -> None:
    office = Office([HOURLY, DELAYED])
    office.clock.advance(10 * MINUTE)

    leap(office, 10 * ONE_DAY)
    come_back(office)

    assert office.next_at("hourly") == NOON + HOUR
    assert office.next_at("delayed") == NOON + 70 * MINUTE + SECOND


def test_a_fixed_delay_whose_run_has_not_begun_counts_from_the_end_of_what_is_cancelled() -> None:
    office = Office([DELAYED])

    leap(office, 5 * ONE_DAY, works=False)
    assert office.next_at("delayed") is None
    come_back(office)

    assert [run.state for run in office.runs()] == [RunState.CANCELLED]
    assert office.next_at("delayed") == NOON + HOUR + SECOND


def test_thousands_of_decisions_are_withdrawn_a_few_hundred_in_a_step() -> None:
    every_minute = replace(HOURLY, timing=Timing(ScheduleKind.FIXED_RATE, every=MINUTE))
    office = Office([every_minute])
    leap(office, 2 * ONE_DAY, works=False)
    assert len(office.occurrences("hourly")) == 2_880

    left = []
    while office.heart.beat() == 0.0:
        left.append(len(office.occurrences("hourly")))

    told = [e for e in office.sink.events if isinstance(e, ScheduleSetBack)]
    assert [event.withdrawn for event in told] == [500] * 5 + [380]
    assert left == [2_380, 1_880, 1_380, 880, 380]
    office.live_until(NOON + 10 * MINUTE)
    assert len(office.occurrences("hourly")) == 10


def test_a_start_that_is_broken_off_in_between_goes_on_at_the_next_one() -> None:
    every_minute = replace(HOURLY, timing=Timing(ScheduleKind.FIXED_RATE, every=MINUTE))
    office = Office([every_minute])
    leap(office, 2 * ONE_DAY, works=False)

    office.control.sync([every_minute], lambda: False)
    assert len(office.occurrences("hourly")) == 2_380
    office.restart([every_minute])

    assert office.occurrences("hourly") == []
    assert office.next_at("hourly") == NOON + MINUTE


def test_a_clock_that_is_set_back_by_less_than_a_day_makes_nothing_void() -> None:
    office = Office()
    leap(office, 20 * HOUR)
    decided = office.occurrences("daily-close")

    office.live_until(NOON + 20 * HOUR)

    assert office.occurrences("daily-close") == decided
    assert texts(office) == []


# Each lives through weeks of hours.
@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 40 * 24), st.integers(0, 72), st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_what_was_decided_about_a_time_that_lies_in_the_past_is_never_decided_again(
    steps: list[tuple[int, int, bool]],
) -> None:
    office = Office([NIGHTLY, HOURLY])
    past: dict[tuple[str, datetime], Occurrence] = {}
    for ahead, pause, restarts in steps:
        leap(office, ahead * HOUR, works=False)
        office.clock.advance(pause * HOUR)
        now = office.clock.now()
        for name in ("daily-close", "hourly"):
            for each in _all(office, name):
                if each.nominal <= now:
                    past.setdefault((name, each.nominal), each)
        if restarts:
            office.restart()
        come_back(office)
        for (name, nominal), decision in past.items():
            with office.state.turn() as turn:
                assert turn.occurrences.find(name, nominal) == decision

    # And each that comes from now on is decided, unless it was ahead by less than a day.
    begin, told = office.clock.now(), len(office.sink.events)
    office.live_until(begin + 3 * ONE_DAY)
    fresh = [e for e in office.sink.events[told:] if isinstance(e, OccurrenceDecided)]
    assert len({(e.schedule, e.nominal) for e in fresh}) == len(fresh)
    nights = {o.nominal for o in _all(office, "daily-close") if begin < o.nominal}
    assert len(nights) >= 3


def _all(office: Office, name: str) -> list[Occurrence]:
    with office.state.turn() as turn:
        return list(turn.occurrences.newest(name, 10_000))
