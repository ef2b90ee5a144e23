"""Schedules in people's hands, and what becomes of them when the settings change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.events import ScheduleSetBack
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.schedule import Overlap, Schedule, ScheduleKind, Timing
from tests.unit.application.office import (
    DAY,
    DEADLINE,
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
LATER = replace(
    NIGHTLY, timing=Timing(ScheduleKind.CRON, cron="0 0 3 * * *", zone="America/Sao_Paulo")
)
ONCE = Schedule("once", JobKind.NIGHT, Timing(ScheduleKind.ONE_TIME, at=NOON + HOUR))


def refusal(deed: Callable[[], object]) -> str:
    with pytest.raises(InvalidRequest) as caught:
        deed()
    assert caught.value.remedy
    return caught.value.code


def set_back(office: Office) -> list[tuple[str, datetime | None, datetime | None]]:
    return [
        (event.schedule, event.was_at, event.next_at)
        for event in office.sink.events
        if isinstance(event, ScheduleSetBack)
    ]


def audit(office: Office) -> list[tuple[str, str, str, str]]:
    entries = office.history.audit(100)
    return [(e.operator, e.action, e.subject, e.reason) for e in entries][::-1]


# Looking


def test_a_new_schedule_fires_next_at_its_first_time_from_now() -> None:
    office = Office([NIGHTLY, HOURLY, DELAYED, ONCE])

    assert [state.schedule.name for state in office.control.all()] == [
        "daily-close",
        "delayed",
        "hourly",
        "once",
    ]
    assert office.next_at("daily-close") == NIGHT
    assert office.next_at("delayed") == office.next_at("hourly") == NOON + HOUR
    assert office.next_at("once") == NOON + HOUR


def test_the_next_times_are_known_as_far_as_they_can_be() -> None:
    office = Office([NIGHTLY, HOURLY, DELAYED, ONCE])

    upcoming = office.control.upcoming
    assert upcoming("daily-close", 3) == [NIGHT, NIGHT + ONE_DAY, NIGHT + 2 * ONE_DAY]
    assert upcoming("hourly", 2) == [NOON + HOUR, NOON + 2 * HOUR]
    assert upcoming("delayed", 5) == [NOON + HOUR]
    assert upcoming("once", 5) == [NOON + HOUR]


def test_a_schedule_is_shown_with_its_last_decisions_newest_first() -> None:
    office = Office([HOURLY])
    office.live_until(NOON + 30 * HOUR)

    view = office.control.view("hourly")

    assert view.state.schedule == HOURLY
    assert [o.nominal for o in view.occurrences] == [
        NOON + hours * HOUR for hours in range(30, 10, -1)
    ]


@pytest.mark.parametrize("schedules", [[], [NIGHTLY]])
def test_an_unknown_schedule_is_refused_with_those_that_there_are(
    schedules: list[Schedule],
) -> None:
    office = Office(schedules)

    with pytest.raises(InvalidRequest, match=r"The schedules are: (daily-close|none yet)"):
        office.control.view("dayly-close")


# Pausing


def test_what_comes_during_a_pause_is_skipped_with_the_note_and_the_name() -> None:
    office = Office()

    office.control.pause("daily-close", "ana", "stock-taking")
    office.live_until(NIGHT)

    (occurrence,) = office.occurrences("daily-close")
    assert occurrence.decision == "SKIPPED"
    assert occurrence.reason == "paused by ana: stock-taking"
    assert audit(office) == [("ana", "schedule.pause", "daily-close", "stock-taking")]


def test_what_had_come_before_the_pause_still_runs_however_much_it_is() -> None:
    every_minute = Timing(ScheduleKind.FIXED_RATE, every=MINUTE)
    office = Office([replace(HOURLY, timing=every_minute, overlap=Overlap.ALLOW_ALL)])
    office.sleep_until(NOON + 5 * HOUR)

    office.control.pause("hourly", "ana", "enough")

    assert office.decisions("hourly") == ["RAN"] * 300


def test_what_was_skipped_stays_skipped_after_resuming_however_much_it_is() -> None:
    every_minute = Timing(ScheduleKind.FIXED_RATE, every=MINUTE)
    office = Office([replace(HOURLY, timing=every_minute)])
    office.control.pause("hourly", "ana", "stock-taking")
    office.sleep_until(NOON + 5 * HOUR)

    office.control.resume("hourly", "bob")
    office.live_until(NOON + 5 * HOUR + MINUTE)

    assert office.decisions("hourly") == ["SKIPPED"] * 300 + ["RAN"]
    assert audit(office)[1] == ("bob", "schedule.resume", "hourly", "")


def test_days_of_a_pause_are_closed_by_the_first_night_after_it() -> None:
    office = Office([NIGHTLY])
    office.control.pause("daily-close", "ana", "stock-taking")
    office.live_until(NIGHT + ONE_DAY + HOUR)
    assert office.closed_days() == []

    office.control.resume("daily-close", "ana")
    office.live_until(NIGHT + 2 * ONE_DAY)

    assert office.closed_days() == [DAY, DAY + ONE_DAY, DAY + 2 * ONE_DAY]


def test_pausing_and_resuming_in_vain_are_refused_and_leave_no_audit() -> None:
    office = Office()

    assert refusal(lambda: office.control.resume("daily-close", "ana")) == "not_paused"
    assert refusal(lambda: office.control.pause("daily-close", "ana", "  ")) == "note_missing"
    assert audit(office) == []
    office.control.pause("daily-close", "ana", "why not")
    assert refusal(lambda: office.control.pause("daily-close", "bob", "me")) == "paused_already"
    assert len(audit(office)) == 1


# Triggering


def test_a_schedule_can_be_started_by_hand_and_the_audit_says_by_whom() -> None:
    office = Office()

    run = office.control.trigger("daily-close", "ana")
    office.work()

    assert (run.trigger, run.requested_by, run.nominal) == (Trigger.HAND, "ana", NOON)
    assert office.run(run.id).state is RunState.SUCCEEDED
    (occurrence,) = office.occurrences("daily-close")
    assert (occurrence.nominal, occurrence.run_id) == (NOON, run.id)
    assert occurrence.reason == "ana triggered it"
    assert audit(office) == [("ana", "schedule.trigger", "daily-close", "now")]
    assert office.next_at("daily-close") == NIGHT


def test_jitter_does_not_put_off_what_is_started_by_hand() -> None:
    jittery = replace(HOURLY, jitter_max_seconds=600)
    assert jittery.jitter(NOON)
    office = Office([jittery])

    assert office.control.trigger("hourly", "ana").due_at == NOON


def test_a_paused_schedule_can_be_started_by_hand_and_stays_paused() -> None:
    office = Office()
    office.control.pause("daily-close", "ana", "stock-taking")

    office.control.trigger("daily-close", "ana")
    office.live_until(NIGHT)

    assert office.decisions("daily-close") == ["RAN", "SKIPPED"]


def test_a_retired_schedule_can_not_be_started() -> None:
    office = Office([NIGHTLY, HOURLY])
    office.restart([NIGHTLY])

    assert refusal(lambda: office.control.trigger("hourly", "ana")) == "unknown_schedule"


def test_the_overlap_policy_holds_for_people_too() -> None:
    office = Office([HOURLY])
    first = office.control.trigger("hourly", "ana")
    office.sleep_until(NOON + MINUTE)

    assert refusal(lambda: office.control.trigger("hourly", "bob")) == "run_goes_on"
    assert [run.id for run in office.runs()] == [first.id]
    assert len(audit(office)) == 1


def test_a_run_by_hand_is_held_behind_another_where_the_policy_says_so() -> None:
    office = Office([replace(HOURLY, overlap=Overlap.BUFFER_ONE)])
    office.control.trigger("hourly", "ana")
    office.sleep_until(NOON + MINUTE)

    held = office.control.trigger("hourly", "bob")
    assert held.state is RunState.HELD
    office.work()

    assert office.run(held.id).state is RunState.SUCCEEDED


def test_a_time_that_nobody_decided_can_be_made_up_for_by_hand() -> None:
    office = Office([NIGHTLY], close_from=None)
    before = NIGHT - 3 * ONE_DAY

    run = office.control.trigger("daily-close", "ana", before)
    office.work()

    assert run.nominal == before
    assert office.closed_days()[-1] == DAY - 3 * ONE_DAY
    assert audit(office)[0][3] == before.isoformat()


@pytest.mark.parametrize(
    ("schedule", "nominal", "code"),
    [
        (NIGHTLY, NIGHT - 3 * ONE_DAY - MINUTE, "no_nominal_time"),
        (NIGHTLY, NIGHT, "still_to_come"),
        (HOURLY, NOON - 90 * MINUTE, "no_nominal_time"),
        (DELAYED, NOON - HOUR, "no_nominal_time"),
        (replace(ONCE, timing=Timing(ScheduleKind.ONE_TIME, at=NOON)), NOON, "still_to_come"),
        (ONCE, NOON - HOUR, "no_nominal_time"),
    ],
)
def test_a_time_that_is_none_of_the_schedules_or_not_a_persons_to_decide_is_refused(
    schedule: Schedule, nominal: datetime, code: str
) -> None:
    office = Office([schedule])

    assert refusal(lambda: office.control.trigger(schedule.name, "ana", nominal)) == code
    assert office.runs() == []


def test_a_nominal_time_by_a_fixed_rate_can_be_made_up_for() -> None:
    office = Office([HOURLY])

    assert office.control.trigger("hourly", "ana", NOON - 4 * HOUR).nominal == NOON - 4 * HOUR


def test_a_decided_time_is_never_decided_again_by_hand() -> None:
    office = Office([HOURLY])
    office.live_until(NOON + HOUR)

    decided = NOON + HOUR
    assert refusal(lambda: office.control.trigger("hourly", "ana", decided)) == "decided_already"


def test_a_time_whose_day_no_night_looks_at_any_more_is_refused_with_what_closes_that_day() -> None:
    office = Office([NIGHTLY], close_from=None)
    too_old = NIGHT - 8 * ONE_DAY

    with pytest.raises(InvalidRequest) as caught:
        office.control.trigger("daily-close", "ana", too_old)

    assert caught.value.code == "too_old"
    assert caught.value.remedy.endswith("aegis-batch close --date 2026-11-13")
    assert office.runs() == []
    run = office.control.trigger("daily-close", "ana", too_old + ONE_DAY)
    office.work()
    assert office.closed_days() == [DAY - 7 * ONE_DAY]
    assert office.run(run.id).state is RunState.SUCCEEDED


def test_a_deadline_of_days_gone_by_is_refused_and_can_be_checked_as_of_now() -> None:
    office = Office([DEADLINE])

    with pytest.raises(InvalidRequest) as caught:
        office.control.trigger("close-deadline", "ana", NIGHT - 20 * ONE_DAY + 4 * HOUR)

    assert caught.value.code == "too_old"
    assert caught.value.remedy.endswith("aegis-batch schedules trigger close-deadline")


def test_the_day_of_a_missed_night_is_to_be_closed_by_hand() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT + 9 * ONE_DAY)
    office.fire()

    for nominal, remedy in (
        (NIGHT, "aegis-batch close --date 2026-11-21"),
        (NIGHT + 9 * ONE_DAY, "aegis-batch schedules trigger daily-close"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            office.control.trigger("daily-close", "ana", nominal)
        assert caught.value.code == "decided_already"
        assert caught.value.remedy.endswith(remedy)


def test_two_firings_by_hand_at_one_instant_are_one() -> None:
    office = Office([replace(HOURLY, overlap=Overlap.ALLOW_ALL)])
    office.control.trigger("hourly", "ana")

    assert refusal(lambda: office.control.trigger("hourly", "bob")) == "decided_already"


def test_the_times_of_a_fixed_delay_and_of_a_firing_by_hand_are_whole_seconds() -> None:
    office = Office([DELAYED])
    office.clock.advance(timedelta(microseconds=999_999))
    assert office.control.trigger("delayed", "ana").nominal == NOON
    office.work()
    office.sleep_until(NOON + 2 * HOUR + timedelta(microseconds=5))
    office.fire()
    office.work()

    assert [o.nominal for o in office.occurrences("delayed")] == [NOON, NOON + HOUR + SECOND]
    assert office.next_at("delayed") == NOON + 3 * HOUR + SECOND


def test_a_time_of_a_fixed_delay_that_nobody_decided_is_refused_with_what_to_do() -> None:
    office = Office([DELAYED])

    with pytest.raises(InvalidRequest, match="counted from the ends of its runs") as caught:
        office.control.trigger("delayed", "ana", NOON - HOUR)
    assert caught.value.remedy.endswith("as of now: aegis-batch schedules trigger delayed")


def test_a_firing_by_hand_at_the_very_nominal_time_counts_as_its_decision() -> None:
    office = Office([HOURLY])
    office.sleep_until(NOON + HOUR)

    office.control.trigger("hourly", "ana")
    office.live_until(NOON + 2 * HOUR)

    assert [o.nominal for o in office.occurrences("hourly")] == [NOON + HOUR, NOON + 2 * HOUR]
    assert [run.trigger for run in office.runs()] == [Trigger.HAND, Trigger.SCHEDULE]


# Editing


def test_settings_that_have_not_changed_change_nothing() -> None:
    office = Office([NIGHTLY, HOURLY, DELAYED])
    office.sleep_until(NOON + HOUR / 2)

    office.restart()

    assert office.next_at("hourly") == NOON + HOUR
    assert office.sink.events == []


def test_a_changed_rule_counts_from_now_and_what_had_come_is_decided_by_the_old_one() -> None:
    office = Office([replace(HOURLY, overlap=Overlap.ALLOW_ALL)])
    office.sleep_until(NOON + 10 * HOUR + MINUTE)

    office.restart([replace(HOURLY, timing=Timing(ScheduleKind.FIXED_RATE, every=4 * HOUR))])

    assert office.decisions("hourly") == ["RAN"] * 10
    assert office.next_at("hourly") == NOON + 14 * HOUR + MINUTE


def test_a_rule_that_changes_after_a_long_outage_leaves_no_time_undecided() -> None:
    every_minute = Timing(ScheduleKind.FIXED_RATE, every=MINUTE)
    office = Office([replace(HOURLY, timing=every_minute, newest_only=True)])
    office.sleep_until(NOON + 10 * HOUR)

    office.restart([HOURLY])

    assert office.decisions("hourly") == ["SUPERSEDED"] * 599 + ["RAN"]


def test_editing_a_schedule_never_closes_a_day_twice() -> None:
    office = Office([NIGHTLY])
    office.live_until(NIGHT + HOUR / 2)

    office.restart([LATER])
    office.live_until(NIGHT + HOUR)

    assert office.decisions("daily-close") == ["RAN", "RAN"]
    assert office.closes() == [(DAY, RunState.SUCCEEDED)]
    assert len(office.backend.bodies) == 1


def test_no_edit_goes_back_before_what_was_decided_even_if_the_clock_does() -> None:
    office = Office([NIGHTLY])
    office.live_until(NIGHT)

    office.clock.set(NIGHT - 2 * HOUR)
    office.restart([replace(NIGHTLY, timing=replace(NIGHTLY.timing, cron="0 2 * * *"))])

    assert office.next_at("daily-close") == NIGHT + ONE_DAY


def test_a_change_of_anything_but_the_times_leaves_the_next_one_as_it_was() -> None:
    office = Office([HOURLY])
    office.sleep_until(NOON + HOUR / 2)

    office.restart([replace(HOURLY, overlap=Overlap.ALLOW_ALL)])

    assert office.next_at("hourly") == NOON + HOUR
    assert office.control.view("hourly").state.schedule.overlap is Overlap.ALLOW_ALL


def test_a_schedule_that_is_edited_while_it_is_paused_stays_paused() -> None:
    office = Office([NIGHTLY])
    office.control.pause("daily-close", "ana", "stock-taking")
    office.sleep_until(NIGHT + MINUTE)

    office.restart([LATER])
    office.live_until(NIGHT + 2 * HOUR)

    occurrences = office.occurrences("daily-close")
    assert [o.nominal for o in occurrences] == [NIGHT, NIGHT + HOUR]
    assert {o.reason for o in occurrences} == {"paused by ana: stock-taking"}


def test_a_fixed_delay_that_is_edited_while_it_runs_is_counted_from_the_runs_end() -> None:
    office = Office([DELAYED])
    office.sleep_until(NOON + HOUR)
    office.fire()

    office.restart([replace(DELAYED, timing=Timing(ScheduleKind.FIXED_DELAY, every=5 * HOUR))])
    assert office.next_at("delayed") is None
    office.sleep_until(NOON + 2 * HOUR)
    office.work()

    assert office.next_at("delayed") == NOON + 7 * HOUR


def test_a_clock_that_was_far_ahead_for_a_moment_does_not_stop_a_schedule_until_then() -> None:
    office = Office([HOURLY])
    office.clock.set(NOON + 300 * ONE_DAY)
    office.restart([HOURLY, NIGHTLY])
    office.clock.set(NOON)

    office.control.sync([HOURLY, NIGHTLY])

    assert office.next_at("daily-close") == NIGHT
    assert set_back(office) == [("daily-close", NIGHT + 300 * ONE_DAY, NIGHT)]


@pytest.mark.parametrize("back", [timedelta(0), MINUTE])
def test_a_schedule_that_fires_seldom_and_has_just_fired_is_no_sign_of_a_wrong_clock(
    back: timedelta,
) -> None:
    weekly = replace(NIGHTLY, timing=replace(NIGHTLY.timing, cron="0 0 2 * * SUN"))
    office = Office([weekly])
    office.sleep_until(NIGHT)
    office.fire()
    office.clock.set(NIGHT - back)

    office.restart([weekly])

    assert office.next_at("daily-close") == NIGHT + 7 * ONE_DAY
    assert set_back(office) == []


def test_a_long_backlog_is_decided_in_steps_that_stay_when_the_start_is_broken_off() -> None:
    every_minute = replace(HOURLY, timing=Timing(ScheduleKind.FIXED_RATE, every=MINUTE))
    office = Office([every_minute])
    office.sleep_until(NOON + 10 * HOUR)

    office.control.sync([HOURLY], lambda: False)

    assert len(office.occurrences("hourly")) == 200
    assert office.control.all()[0].schedule == every_minute
    office.control.sync([], lambda: True)
    assert len(office.occurrences("hourly")) == 600
    assert office.control.all() == []


def test_a_one_time_schedule_moved_to_a_past_time_that_nobody_decided_is_decided() -> None:
    office = Office([ONCE])
    office.live_until(NOON + 2 * HOUR)

    office.restart([replace(ONCE, timing=Timing(ScheduleKind.ONE_TIME, at=NOON - HOUR))])
    office.live_until(NOON + 3 * HOUR)

    assert [o.nominal for o in office.occurrences("once")] == [NOON - HOUR, NOON + HOUR]


# Retiring


def test_a_schedule_that_left_the_settings_is_retired_once_what_had_come_is_decided() -> None:
    every_minute = Timing(ScheduleKind.FIXED_RATE, every=MINUTE)
    office = Office([NIGHTLY, replace(HOURLY, timing=every_minute)])
    office.sleep_until(NOON + 5 * HOUR)

    office.restart([NIGHTLY])
    office.live_until(NOON + 7 * HOUR)

    assert len(office.occurrences("hourly")) == 300
    view = office.control.view("hourly")
    assert (view.state.retired, len(view.occurrences)) == (True, 20)
    assert [state.schedule.name for state in office.control.all()] == ["daily-close"]


def test_a_held_run_of_a_retired_schedule_still_runs() -> None:
    office = Office([replace(HOURLY, overlap=Overlap.BUFFER_ONE)])
    office.sleep_until(NOON + 2 * HOUR)
    office.fire()

    office.restart([NIGHTLY])
    office.work()

    assert [run.state for run in office.runs()] == [RunState.SUCCEEDED] * 2
    office.restart([])


def test_the_last_run_of_a_retired_fixed_delay_sets_no_next_time() -> None:
    office = Office([DELAYED])
    office.sleep_until(NOON + HOUR)
    office.fire()

    office.restart([])
    office.work()
    with office.state.turn() as turn:
        assert turn.schedules.next_due_at() is None


def test_a_schedule_that_comes_back_counts_from_now_and_is_still_paused() -> None:
    office = Office([HOURLY])
    office.control.pause("hourly", "ana", "too often")
    office.restart([])
    office.sleep_until(NOON + 3 * HOUR + MINUTE)
    assert office.fire_due.fire().decided == 0

    office.restart([HOURLY])

    assert office.next_at("hourly") == NOON + 4 * HOUR + MINUTE
    assert office.occurrences("hourly") == []
    pause = office.control.view("hourly").state.pause
    assert pause is not None
    assert pause.note == "too often"


def test_a_one_time_schedule_that_has_fired_and_comes_back_does_not_fire_again() -> None:
    office = Office([ONCE])
    office.live_until(NOON + 2 * HOUR)
    office.restart([])

    office.restart([ONCE])
    assert office.next_at("once") is None

    later = datetime(2027, 1, 1, tzinfo=UTC)
    office.restart([replace(ONCE, timing=Timing(ScheduleKind.ONE_TIME, at=later))])
    assert office.next_at("once") == later


def test_a_fixed_delay_that_comes_back_while_its_run_goes_on_waits_for_the_end() -> None:
    office = Office([DELAYED])
    office.sleep_until(NOON + HOUR)
    office.fire()
    office.restart([])

    office.restart([DELAYED])
    assert office.next_at("delayed") is None
    office.work()

    assert office.next_at("delayed") == NOON + 2 * HOUR


def test_the_schedules_are_those_of_the_settings_whatever_became_of_them_before() -> None:
    office = Office([NIGHTLY, DEADLINE])

    office.restart([DEADLINE, HOURLY])

    assert [state.schedule for state in office.control.all()] == [DEADLINE, HOURLY]
