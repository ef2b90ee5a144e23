"""Schedules that fire: each nominal time decided once, with its run and the move to the next."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aegis_batch.domain.errors import StateUnavailable
from aegis_batch.domain.events import JobCancelled, JobDispatched, JobTaken, OccurrenceDecided
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Decision, Overlap, Schedule, ScheduleKind, Timing
from tests.unit.application.office import (
    DAY,
    DELAYED,
    HOUR,
    HOURLY,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
    nights,
)

NIGHT = NOON + 14 * HOUR
ONCE = Schedule("once", JobKind.NIGHT, Timing(ScheduleKind.ONE_TIME, at=NOON + HOUR))
QUEUED, RUNNING, HELD = RunState.QUEUED, RunState.RUNNING, RunState.HELD
CANCELLED, SUCCEEDED = RunState.CANCELLED, RunState.SUCCEEDED


def overlapping(overlap: Overlap) -> Office:
    return Office([replace(HOURLY, overlap=overlap)], close_from=DAY - ONE_DAY)


def fire_at(office: Office, *moments: datetime) -> None:
    for moment in moments:
        office.sleep_until(moment)
        office.fire()


def states(office: Office) -> list[RunState]:
    return [run.state for run in office.runs() if run.job is JobKind.NIGHT]


def test_nothing_is_decided_before_its_time() -> None:
    office = Office([HOURLY])

    fired = office.fire_due.fire()

    assert (fired.decided, fired.more, fired.next_due_at) == (0, False, NOON + HOUR)


def test_a_time_that_comes_is_decided_and_its_run_and_the_next_time_are_set_at_once() -> None:
    office = Office([HOURLY])
    office.sleep_until(NOON + HOUR)

    fired = office.fire_due.fire()

    assert (fired.decided, fired.more, fired.next_due_at) == (1, False, NOON + 2 * HOUR)
    (run,) = office.runs()
    (occurrence,) = office.occurrences("hourly")
    assert (occurrence.decision, occurrence.run_id) == (Decision.RAN, run.id)
    assert (run.state, run.nominal, run.schedule) == (QUEUED, NOON + HOUR, "hourly")
    assert [work.run_id for work in office.queue.due(office.clock.now())] == [run.id]
    assert len(office.events(OccurrenceDecided)) == len(office.events(JobDispatched)) == 1


def test_a_firing_that_is_not_committed_leaves_nothing_and_tells_nothing() -> None:
    office = Office([HOURLY])
    office.sleep_until(NOON + HOUR)
    office.state.commit_faults.append(StateUnavailable("state_full", "Full.", "Make room."))

    with pytest.raises(StateUnavailable):
        office.fire()

    assert (office.runs(), office.occurrences("hourly"), office.sink.events) == ([], [], [])
    assert office.queue.due(office.clock.now()) == []
    office.fire()
    assert office.decisions("hourly") == ["RAN"]


def test_the_nominal_time_is_kept_however_late_it_is_decided() -> None:
    office = Office()

    office.sleep_until(NIGHT + 5 * HOUR)
    office.live_until(NIGHT + 5 * HOUR)

    (taken, _) = office.events(JobTaken)[:2]
    assert isinstance(taken, JobTaken)
    assert office.runs(JobKind.NIGHT)[0].nominal == NIGHT
    assert taken.lateness_ms == 5 * 3_600_000


def test_jitter_puts_a_run_off_and_not_its_nominal_time() -> None:
    jittery = replace(HOURLY, jitter_max_seconds=600)
    office = Office([jittery])

    fire_at(office, NOON + HOUR)

    (run,) = office.runs()
    assert run.nominal == NOON + HOUR
    assert run.due_at == NOON + HOUR + jittery.jitter(NOON + HOUR)
    assert run.due_at > NOON + HOUR


def test_a_one_time_schedule_fires_once() -> None:
    office = Office([ONCE])

    office.live_until(NOON + ONE_DAY)

    assert office.decisions("once") == ["RAN"]
    assert office.next_at("once") is None


def test_what_is_older_than_the_catch_up_window_is_missed_and_people_are_told_once() -> None:
    office = Office([replace(HOURLY, catch_up=2 * HOUR)])

    fire_at(office, NOON + 6 * HOUR)

    assert office.decisions("hourly") == ["MISSED"] * 3 + ["RAN", "SKIPPED", "SKIPPED"]
    (notice,) = office.notices()
    assert notice.event == "occurrence.decided"
    assert notice.text == (
        "Schedule hourly: 3 firings from 2026-11-21T16:00:00+00:00 to 2026-11-21T18:00:00+00:00"
        " were missed, since nobody was there to start what was due."
        " See: aegis-batch schedules show hourly"
    )


def test_a_long_outage_is_told_once_and_the_next_one_again() -> None:
    often = replace(HOURLY, catch_up=HOUR, timing=Timing(ScheduleKind.FIXED_RATE, every=MINUTE))
    office = Office([often])

    fire_at(office, NOON + 12 * HOUR)
    assert office.decisions("hourly").count("MISSED") == 659
    (notice,) = office.notices()
    assert "at least 200 firings from 2026-11-21T15:01:00+00:00 on were missed" in notice.text

    fire_at(office, NOON + 24 * HOUR)
    assert len(office.notices()) == 2
    assert office.decisions("hourly").count("MISSED") > 1_000


def test_one_firing_that_is_missed_is_told_as_one() -> None:
    office = Office([replace(HOURLY, catch_up=2 * HOUR)])

    fire_at(office, NOON + 4 * HOUR)

    assert office.decisions("hourly").count("MISSED") == 1
    (notice,) = office.notices()
    assert notice.text == (
        "Schedule hourly: the firing at 2026-11-21T16:00:00+00:00 was missed, since"
        " nobody was there to start what was due. See: aegis-batch schedules show hourly"
    )


def test_a_night_whose_day_left_the_window_is_missed_though_its_own_time_is_within() -> None:
    office = Office([NIGHTLY])

    # A week after the first night, but for half an hour: its day ended two hours before it.
    fire_at(office, NIGHT + 7 * ONE_DAY - HOUR / 2)

    assert office.decisions("daily-close") == ["MISSED"] + ["SUPERSEDED"] * 5 + ["RAN"]
    assert office.told() == ["occurrence.decided"]


def test_a_long_outage_is_decided_to_the_last_time_in_bounded_turns() -> None:
    minutely = replace(HOURLY, timing=Timing(ScheduleKind.FIXED_RATE, every=MINUTE))
    office = Office([minutely])
    office.sleep_until(NOON + 10 * HOUR)

    first = office.fire_due.fire()
    assert (first.decided, first.more) == (200, True)
    office.fire()

    decided = [occurrence.nominal for occurrence in office.occurrences("hourly")]
    assert decided == [NOON + place * MINUTE for place in range(1, 601)]


def test_only_the_very_newest_runs_though_it_is_decided_in_a_later_turn() -> None:
    often = replace(HOURLY, newest_only=True, timing=Timing(ScheduleKind.FIXED_RATE, every=MINUTE))
    office = Office([often])

    fire_at(office, NOON + 5 * HOUR)

    assert office.decisions("hourly") == ["SUPERSEDED"] * 299 + ["RAN"]


def test_a_crash_loop_or_a_second_look_decides_nothing_twice() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    office.state.late_faults.append(StateUnavailable("state_away", "Broken off.", "Try again."))

    with pytest.raises(StateUnavailable):
        office.fire()
    office.restart()
    office.fire()

    assert len(office.runs()) == len(office.occurrences("daily-close")) == 1


def test_a_clock_that_is_set_back_makes_nothing_fire_again() -> None:
    office = Office([HOURLY])
    fire_at(office, NOON + HOUR, NOON + 2 * HOUR)

    office.clock.set(NOON)
    office.live_until(NOON + 2 * HOUR)

    assert len(office.occurrences("hourly")) == 2


# Overlap


def test_skip_leaves_a_firing_out_while_a_run_goes_on() -> None:
    office = overlapping(Overlap.SKIP)

    fire_at(office, NOON + HOUR, NOON + 2 * HOUR)
    office.work()
    fire_at(office, NOON + 3 * HOUR)

    assert office.decisions("hourly") == ["RAN", "SKIPPED", "RAN"]
    assert office.occurrences("hourly")[1].reason == "the run before it had not ended"


def test_allow_all_lets_runs_go_on_side_by_side() -> None:
    office = overlapping(Overlap.ALLOW_ALL)

    fire_at(office, NOON + HOUR, NOON + 2 * HOUR)

    assert states(office) == [QUEUED, QUEUED]


def test_buffer_one_holds_a_single_run_until_the_one_before_it_has_ended() -> None:
    office = overlapping(Overlap.BUFFER_ONE)

    fire_at(office, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR)

    assert office.decisions("hourly") == ["RAN", "RAN", "SKIPPED"]
    assert states(office) == [QUEUED, HELD]
    assert len(office.events(JobDispatched)) == 1
    office.work()
    assert states(office) == [SUCCEEDED, SUCCEEDED]
    assert len(office.events(JobDispatched)) == len(office.runs())


def test_buffer_all_lets_held_runs_go_one_after_the_other_oldest_first() -> None:
    office = overlapping(Overlap.BUFFER_ALL)
    fire_at(office, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR)
    assert states(office) == [QUEUED, HELD, HELD]

    (work,) = office.queue.take_due(office.clock.now())
    office.queue.perform(work)
    assert states(office) == [SUCCEEDED, QUEUED, HELD]
    office.work()

    runs = office.runs(JobKind.NIGHT)
    assert [run.nominal for run in runs] == [NOON + hours * HOUR for hours in (1, 2, 3)]
    assert states(office) == [SUCCEEDED] * 3


def test_a_held_run_goes_on_after_a_failure_too() -> None:
    office = overlapping(Overlap.BUFFER_ONE)
    fire_at(office, NOON + HOUR, NOON + 2 * HOUR)
    office.backend.meanwhile = fail

    office.live_until(NOON + 2 * HOUR)

    assert states(office)[1] is HELD
    office.live_until(NOON + 2 * HOUR + 30 * MINUTE)
    assert states(office) == [SUCCEEDED, SUCCEEDED]


def fail() -> None:
    raise RuntimeError("a defect of the moment")


def test_cancel_other_takes_back_what_waits_and_runs_itself() -> None:
    office = overlapping(Overlap.CANCEL_OTHER)

    fire_at(office, NOON + HOUR, NOON + 2 * HOUR)

    assert states(office) == [CANCELLED, QUEUED]
    cancelled, queued = office.runs(JobKind.NIGHT)
    assert cancelled.ended_at == NOON + 2 * HOUR
    assert office.history.run(cancelled.id).timeline[-1].text == (
        "job=night why=the firing at 2026-11-21T17:00:00+00:00 took its place"
    )
    assert [work.run_id for work in office.queue.due(office.clock.now())] == [queued.id]


def test_a_run_that_is_cancelled_while_it_succeeds_has_succeeded() -> None:
    office = overlapping(Overlap.CANCEL_OTHER)
    fire_at(office, NOON + HOUR)
    office.backend.meanwhile = lambda: fire_at(office, NOON + 2 * HOUR)

    office.work()

    assert states(office) == [SUCCEEDED, SUCCEEDED]
    assert [run.cancel_requested for run in office.runs(JobKind.NIGHT)] == [True, False]


def test_a_run_that_is_cancelled_while_it_fails_is_not_tried_again() -> None:
    office = overlapping(Overlap.CANCEL_OTHER)
    fire_at(office, NOON + HOUR)

    def cancel_and_fail() -> None:
        fire_at(office, NOON + 2 * HOUR)
        fail()

    office.backend.meanwhile = cancel_and_fail
    office.work()

    assert states(office) == [CANCELLED, SUCCEEDED]
    assert office.letters() == []
    [told] = office.events(JobCancelled)
    assert isinstance(told, JobCancelled)
    assert told.why == "the firing at 2026-11-21T17:00:00+00:00 took its place"


# FIXED_DELAY


def test_a_fixed_delay_is_counted_from_the_end_of_the_run() -> None:
    office = Office([DELAYED])

    fire_at(office, NOON + HOUR)
    assert office.next_at("delayed") is None
    office.sleep_until(NOON + HOUR + 25 * MINUTE)
    office.work()

    assert office.next_at("delayed") == NOON + 2 * HOUR + 25 * MINUTE


def test_a_fixed_delay_that_comes_late_fires_once_and_not_for_all_the_time_gone_by() -> None:
    office = Office([replace(DELAYED, overlap=Overlap.ALLOW_ALL)])

    fire_at(office, NOON + 5 * HOUR + MINUTE)

    assert [o.nominal for o in office.occurrences("delayed")] == [NOON + HOUR]
    assert len(office.runs()) == 1


def test_a_fixed_delay_that_is_skipped_or_missed_is_counted_on_from_then() -> None:
    office = Office([DELAYED])
    office.control.pause("delayed", "ana", "stock-taking")

    fire_at(office, NOON + HOUR + MINUTE)
    assert office.next_at("delayed") == NOON + 2 * HOUR + MINUTE
    office.control.resume("delayed", "ana")
    fire_at(office, NOON + 9 * ONE_DAY)

    assert office.decisions("delayed") == ["SKIPPED", "MISSED"]
    assert office.next_at("delayed") == NOON + 9 * ONE_DAY + HOUR


def test_a_fixed_delay_waits_for_a_run_that_a_person_started() -> None:
    office = Office([DELAYED])
    office.sleep_until(NOON + HOUR / 2)

    office.control.trigger("delayed", "ana")
    assert office.next_at("delayed") is None
    office.work()

    assert office.next_at("delayed") == NOON + HOUR / 2 + HOUR


def test_a_fixed_delay_that_comes_while_a_persons_run_goes_on_is_skipped_and_counted_on() -> None:
    office = Office([DELAYED])
    office.sleep_until(NOON + HOUR)

    office.control.trigger("delayed", "ana")
    office.sleep_until(NOON + HOUR + MINUTE)
    office.fire()
    assert office.decisions("delayed") == ["RAN"]
    assert office.next_at("delayed") is None
    office.work()

    assert office.next_at("delayed") == NOON + 2 * HOUR + MINUTE


def test_a_fixed_delay_goes_on_after_a_run_that_failed_for_good() -> None:
    office = Office([DELAYED])
    fire_at(office, NOON + HOUR)
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()

    assert states(office) == [RunState.FAILED]
    assert office.next_at("delayed") == NOON + 2 * HOUR


@pytest.mark.parametrize(
    "change", [datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 10, 31, tzinfo=UTC)]
)
def test_the_nights_around_a_clock_change_are_each_decided_once(change: datetime) -> None:
    # Lisbon's clocks change at 01:00 UTC: 01:30 is left out in March and comes twice in October.
    timing = Timing(ScheduleKind.CRON, cron="30 1 * * *", zone="Europe/Lisbon")
    office = Office(
        [replace(NIGHTLY, timing=timing, newest_only=False, overlap=Overlap.ALLOW_ALL)],
        change - 4 * ONE_DAY,
    )

    for hours in range(1, 8 * 24 + 1):
        fire_at(office, change - 4 * ONE_DAY + hours * HOUR)

    assert len(office.occurrences("daily-close")) == 8


def test_three_nights_that_nobody_saw_are_three_decisions() -> None:
    office = Office([NIGHTLY])

    fire_at(office, NIGHT + 2 * ONE_DAY)

    assert [o.nominal for o in office.occurrences("daily-close")] == nights(NIGHT, 3)
