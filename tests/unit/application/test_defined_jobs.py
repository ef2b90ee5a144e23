"""Defined jobs that fire by their times: they become runs as the settings' own schedules do."""

import json
from dataclasses import replace
from datetime import timedelta

from aegis_batch.application.jobs import stands_for
from aegis_batch.application.ports.service_caller import ServiceAnswer
from aegis_batch.domain.condition import Condition, ConditionKind
from aegis_batch.domain.errors import ServiceRefused, ServiceUnavailable
from aegis_batch.domain.job import Category, TaskKind
from aegis_batch.domain.job_status import TIMED_OUT, JobStatus
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.schedule import Decision, ScheduleKind, Timing
from tests.unit.application.job_drafts import ANA, define
from tests.unit.application.office import (
    DAY,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    ZONE,
    Office,
)

FAILING = ServiceUnavailable("service_failing", "It failed.", "Wait.")
REFUSING = ServiceRefused("service_refused", "It refused.", "Mend it.")


def an_office() -> Office:
    return Office(schedules=())


def states(office: Office) -> list[RunState]:
    return [run.state for run in office.runs()]


def reasons(office: Office, name: str) -> list[str]:
    return [each.reason for each in office.occurrences(name)]


def at(hour: int) -> Timing:
    return Timing(ScheduleKind.CRON, cron=f"0 0 {hour} * * *", zone=ZONE)


def test_a_job_calls_its_service_at_its_time_and_keeps_the_answer() -> None:
    office = an_office()
    job = define(office, "rankings", payload={"top": 10})

    office.live_until(NOON + HOUR)

    [call] = office.services.calls
    assert (call.service, call.endpoint, call.method, call.body) == (
        "rankings",
        "/run",
        "POST",
        '{"top":10}',
    )
    [execution] = office.views.executions_of(job.id, 10, ANA)
    assert execution.status is JobStatus.SUCCESS
    assert execution.record.schedule == job.schedule_name
    assert execution.record.trigger is Trigger.SCHEDULE
    assert execution.result is not None
    assert execution.result.text == '{"status":200,"body":"ok","cut":false}'
    assert office.decisions(job.schedule_name) == ["RAN"]


def test_a_job_for_one_time_that_is_due_fires_now_and_once() -> None:
    office = an_office()
    job = define(office, "once", timing=Timing(ScheduleKind.ONE_TIME, at=NOON - MINUTE))

    office.live_until(NOON + 2 * HOUR)

    assert len(office.services.calls) == 1
    assert office.views.job(job.id, ANA).next_at is None


def test_the_only_time_of_a_job_waits_for_the_run_that_was_started_by_hand() -> None:
    office = an_office()
    job = define(office, "once", timing=Timing(ScheduleKind.ONE_TIME, at=NOON))
    by_hand = office.starts.execute(job.id, ANA)
    office.fire()

    [decided] = office.occurrences(job.schedule_name)
    assert (decided.decision, decided.reason) == (
        Decision.RAN,
        "it follows the run before it",
    )
    office.live_until(NOON + MINUTE)

    ended = [each.record for each in office.views.executions_of(job.id, 9, ANA)]
    assert {each.id for each in ended} == {by_hand.id, decided.run_id}
    assert {each.state for each in ended} == {RunState.SUCCEEDED}


def test_a_job_with_a_delay_counts_it_from_the_end_of_its_run() -> None:
    office = an_office()
    job = define(office, "delayed", timing=Timing(ScheduleKind.FIXED_DELAY, every=HOUR))

    office.live_until(NOON + HOUR)

    assert len(office.services.calls) == 1
    assert office.next_at(job.schedule_name) == NOON + 2 * HOUR


def test_the_schedules_of_jobs_outlive_a_change_of_the_settings() -> None:
    office = an_office()
    define(office, "rankings")

    office.restart()
    office.live_until(NOON + HOUR)

    assert len(office.services.calls) == 1


def test_closes_rebuilds_and_checks_become_the_runs_that_there_are_for_them() -> None:
    office = an_office()
    for name, task in (
        ("day", TaskKind.DAILY_CLOSE),
        ("week", TaskKind.WEEKLY_CLOSE),
        ("month", TaskKind.MONTHLY_CLOSE),
        ("forget", TaskKind.RETENTION),
        ("again", TaskKind.REBUILD),
        ("check", TaskKind.VERIFY),
    ):
        define(office, name, task=task)

    office.live_until(NOON + HOUR + 5 * MINUTE)

    assert {run.job for run in office.runs()} >= {
        JobKind.CLOSE,
        JobKind.RETENTION,
        JobKind.REBUILD_RANGE,
        JobKind.VERIFY,
    }
    assert {str(run.key.period) for run in office.runs(JobKind.CLOSE)} == {
        "2026-11-20",
        "week 2026-W46",
        "month 2026-10",
    }
    assert {run.state for run in office.runs()} == {RunState.SUCCEEDED}


def test_a_close_that_is_under_way_is_not_started_beside_itself() -> None:
    office = an_office()
    office.enqueue_close(DAY - ONE_DAY)
    job = define(office, "day", task=TaskKind.DAILY_CLOSE)

    office.clock.advance(HOUR)
    office.fire()

    assert office.decisions(job.schedule_name) == ["SKIPPED"]
    assert "is queued" in reasons(office, job.schedule_name)[0]


def test_a_failure_that_may_pass_is_tried_again_as_often_as_the_job_says() -> None:
    office = an_office()
    office.services.answers["rankings"] = FAILING
    define(office, "rankings", attempts_max=3)

    office.live_until(NOON + HOUR + 10 * MINUTE)

    assert len(office.services.calls) == 3
    assert len({call.id for call in office.services.calls}) == 1
    [letter] = office.letters()
    assert (letter.attempts, letter.problem.code) == (3, "service_failing")


def test_a_critical_job_is_tried_again_at_once() -> None:
    office = an_office()
    office.services.answers["rankings"] = FAILING
    define(office, "rankings", category=Category.REALTIME)

    office.live_until(NOON + HOUR + timedelta(seconds=2))

    assert len(office.services.calls) == 2
    assert states(office) == [RunState.FAILED]


def test_a_refusal_is_final_and_a_time_out_is_told_as_one() -> None:
    office = an_office()
    office.services.answers["rankings"] = REFUSING
    job = define(office, "rankings", attempts_max=1)
    office.live_until(NOON + HOUR)
    office.services.answers["rankings"] = ServiceUnavailable(TIMED_OUT, "It hung.", "Wait.")
    office.live_until(NOON + 2 * HOUR)

    found = office.views.executions_of(job.id, 10, ANA)
    assert [each.status for each in found] == [JobStatus.TIMEOUT, JobStatus.FAILED]
    with_status = [
        office.views.executions_of(job.id, 10, ANA, status)
        for status in (JobStatus.TIMEOUT, JobStatus.FAILED, JobStatus.SUCCESS)
    ]
    assert [[each.status for each in page] for page in with_status] == [
        [JobStatus.TIMEOUT],
        [JobStatus.FAILED],
        [],
    ]


def test_conditions_are_asked_of_the_wall_time_of_the_firing() -> None:
    office = an_office()
    # A Saturday, in Sao Paulo.
    weekdays = Condition(ConditionKind.WEEKDAYS, ("MON", "TUE", "WED", "THU", "FRI"))
    job = define(office, "workdays", timing=at(13), conditions=(weekdays,))

    office.live_until(NOON + 2 * ONE_DAY + 2 * HOUR)

    assert office.decisions(job.schedule_name) == ["SKIPPED", "SKIPPED", "RAN"]
    assert "weekdays MON" in reasons(office, job.schedule_name)[0]


def test_a_job_waits_for_what_it_depends_on() -> None:
    office = an_office()
    office.services.answers["rankings"] = FAILING
    define(office, "first", timing=at(13), attempts_max=4)
    second = define(office, "second", timing=at(13), depends_on=("first",))
    office.live_until(NOON + HOUR)
    assert [run.state for run in office.runs()] == [RunState.WAITING, RunState.QUEUED]

    office.services.answers["rankings"] = ServiceAnswer(200, "ok", is_cut=False)
    office.live_until(NOON + HOUR + 3 * MINUTE)

    assert states(office) == [RunState.SUCCEEDED, RunState.SUCCEEDED]
    assert office.decisions(second.schedule_name) == ["RAN"]


def test_a_job_whose_dependency_fails_meanwhile_is_cancelled() -> None:
    office = an_office()
    office.services.answers["rankings"] = FAILING
    define(office, "first", timing=at(13), attempts_max=2)
    define(office, "second", timing=at(13), depends_on=("first",))

    office.live_until(NOON + HOUR + 5 * MINUTE)

    assert states(office) == [RunState.FAILED, RunState.CANCELLED]
    assert len(office.letters()) == 1


def test_a_job_whose_dependency_has_failed_or_never_ran_is_skipped() -> None:
    office = an_office()
    office.services.answers["rankings"] = REFUSING
    define(office, "first", timing=at(14))
    # Fifteen minutes past each half hour.
    office.clock.advance(15 * MINUTE)
    second = define(office, "second", timing=EVERY_HALF_HOUR, depends_on=("first",))

    office.live_until(NOON + 2 * HOUR + 31 * MINUTE)

    assert set(office.decisions(second.schedule_name)) == {"SKIPPED"}
    told = reasons(office, second.schedule_name)
    assert "never run" in told[0]
    assert "ended failed" in told[-1]


def test_what_the_whole_scheduler_or_a_group_pauses_is_skipped_with_the_reason() -> None:
    office = an_office()
    night = define(office, "night", group="nights")
    other = define(office, "other")
    office.job_pauses.pause_all("nights", "stock-taking", ANA)
    office.live_until(NOON + HOUR)
    office.job_pauses.pause_all(None, "all is down", ANA)
    office.live_until(NOON + 2 * HOUR)
    office.job_pauses.resume_all(None, ANA)
    office.job_pauses.resume_all("nights", ANA)
    office.live_until(NOON + 3 * HOUR)

    assert office.decisions(night.schedule_name) == ["SKIPPED", "SKIPPED", "RAN"]
    assert office.decisions(other.schedule_name) == ["RAN", "SKIPPED", "RAN"]
    assert reasons(office, night.schedule_name)[0] == "paused by ana: stock-taking"


def test_a_firing_is_skipped_where_as_many_runs_wait_as_may() -> None:
    office = an_office()
    office.waiting_max = 1
    office.restart()
    first, second = define(office, "first"), define(office, "second")

    office.clock.advance(HOUR)
    office.fire()

    decided = office.decisions(first.schedule_name) + office.decisions(second.schedule_name)
    assert sorted(decided) == ["RAN", "SKIPPED"]


def test_a_rebuild_ends_once_all_its_days_have() -> None:
    office = an_office()
    job = define(office, "again", task=TaskKind.REBUILD, payload={"daysBack": 2})

    office.live_until(NOON + HOUR + 5 * MINUTE)

    [execution] = office.views.executions_of(job.id, 10, ANA)
    assert execution.status is JobStatus.SUCCESS
    assert execution.result is not None
    assert json.loads(execution.result.text) == {
        "daysProcessed": 2,
        "rowsUpserted": 2,
        "listingsProcessed": 0,
        "dateRange": {
            "from": "2026-11-19",
            "to": "2026-11-20",
            "maxDateAfterRebuild": "2026-11-20",
        },
    }


def test_a_rebuild_whose_days_are_none_by_now_is_skipped_with_the_reason() -> None:
    office = an_office()
    payload = {"from": "yesterday", "to": (DAY - ONE_DAY).isoformat()}
    job = define(office, "again", task=TaskKind.REBUILD, payload=payload, timing=at(13))

    office.live_until(NOON + ONE_DAY + HOUR + 5 * MINUTE)

    assert office.decisions(job.schedule_name) == ["RAN", "SKIPPED"]
    assert "is before from" in reasons(office, job.schedule_name)[1]


def test_a_long_answer_is_kept_cut() -> None:
    office = an_office()
    office.services.answers["rankings"] = ServiceAnswer(200, "x" * 20_000, is_cut=False)
    job = define(office, "a")
    office.live_until(NOON + HOUR)

    [execution] = office.views.executions_of(job.id, 9, ANA)
    assert execution.result is not None
    told = json.loads(execution.result.text)
    assert (len(told["body"]), told["cut"]) == (16_384, True)


def test_a_night_that_waits_does_not_do_what_the_whole_scheduler_keeps_back() -> None:
    office = Office([NIGHTLY])
    office.clock.advance(14 * HOUR)
    office.fire()
    office.job_pauses.pause_all(None, "why", ANA)
    office.clock.advance(ONE_DAY)
    office.fire()

    [night] = office.runs(JobKind.NIGHT)
    with office.state.turn() as turn:
        assert stands_for(turn, night) == night.nominal
        turn.scheduler_pauses.remove("*")
        assert night.nominal is not None
        assert stands_for(turn, night) == night.nominal + ONE_DAY


def test_the_more_urgent_of_two_runs_goes_first() -> None:
    office = an_office()
    slow = define(office, "slow", category=Category.MAINTENANCE)
    fast = define(office, "fast", category=Category.REALTIME)

    office.live_until(NOON + HOUR)

    called = [office.run(call.id).schedule for call in office.services.calls]
    assert called == [fast.schedule_name, slow.schedule_name]


def test_results_are_forgotten_after_thirty_days() -> None:
    office = Office()
    job = define(office, "once", timing=Timing(ScheduleKind.ONE_TIME, at=NOON))
    define(office, "forget", task=TaskKind.RETENTION, timing=replace(at(4)))
    office.live_until(NOON + MINUTE)
    office.sleep_until(NOON + 31 * ONE_DAY)
    office.live_until(NOON + 32 * ONE_DAY)

    assert office.views.executions_of(job.id, 10, ANA) == []


EVERY_HALF_HOUR = Timing(ScheduleKind.FIXED_RATE, every=timedelta(minutes=30))
