"""Runs that people, events and other systems start, start again, and cancel."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from aegis_batch.adapters.outbound.memory.event_inbox import InMemoryEventInbox
from aegis_batch.application.actor import Actor
from aegis_batch.application.auditing import Auditing
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.event_taking import TakeEventsUseCase
from aegis_batch.application.ports.event_inbox import Horizon, InboxRow
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.service_caller import ServiceAnswer
from aegis_batch.application.repeating import Once
from aegis_batch.domain.backfill import BackfillState, Reprocess
from aegis_batch.domain.condition import Condition, ConditionKind
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.errors import InboxUnreadable, InvalidRequest, ServiceRefused
from aegis_batch.domain.job import TaskKind
from aegis_batch.domain.job_event import JobEvent
from aegis_batch.domain.job_status import TIMED_OUT, JobStatus
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.tenant import Tenant
from tests.unit.application.job_drafts import ANA, a_draft, define
from tests.unit.application.office import AWAY, DAY, FAR_ZONE, MINUTE, NOON, ONE_DAY, ZONE, Office

NORTH = Actor("rui", "10.0.0.8", "north")
REFUSED = ServiceRefused("service_refused", "It refused.", "Mend it.")
EVENT = JobEvent("e-1", "OrderCorrected", "north", NOON, '{"date":"2026-11-19"}')
MINE = replace(EVENT, tenant="default")


@pytest.fixture
def office() -> Office:
    return Office(schedules=())


@pytest.fixture
def market() -> Office:
    tenants = (Tenant("north"), Tenant("south"), Tenant("far", FAR_ZONE))
    return Office(schedules=(), tenants=tenants, tenant="*")


def code_of(deed: Any, *given: Any, **named: Any) -> str:  # noqa: ANN401 - any deed
    with pytest.raises(InvalidRequest) as caught:
        deed(*given, **named)
    return caught.value.code


def arguments(record: RunRecord) -> dict[str, Any]:
    assert record.task is not None
    told: dict[str, Any] = json.loads(record.task.arguments)
    return told


# By hand


def test_a_job_starts_by_hand_whatever_keeps_its_firings_back(office: Office) -> None:
    define(office, "first")
    never = Condition(ConditionKind.UNTIL_DAY, ("2000-01-01",))
    job = define(office, "a", conditions=(never,), depends_on=("first",), payload={"top": 1})
    office.job_pauses.pause_all(None, "why", ANA)

    run = office.starts.execute(job.id, ANA, arguments={"top": 3})
    office.work()

    assert (run.trigger, run.requested_by, run.nominal) == (Trigger.HAND, "ana", None)
    assert office.services.calls[0].body == '{"top":3}'
    assert office.run(run.id).state is RunState.SUCCEEDED
    entry = office.history.audit(1)[0]
    assert (entry.action, entry.origin) == ("job.execute", "10.0.0.7")


def test_a_request_that_is_sent_again_starts_one_run(office: Office) -> None:
    job = define(office, "a")
    request = Once("k", "d")
    runs = [office.starts.execute(job.id, ANA, request).id for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(office.runs()) == 1


def test_no_more_runs_wait_than_may(office: Office) -> None:
    office.waiting_max = 2
    office.restart()
    job = define(office, "a", events=("OrderCorrected",))
    first = office.starts.execute(job.id, ANA).id
    office.starts.execute(job.id, ANA)

    assert code_of(office.starts.execute, job.id, ANA) == "queue_full"
    assert code_of(office.starts.rebuild, "default", {}, ANA) == "queue_full"
    assert code_of(office.starts.take_event, MINE, ANA) == "queue_full"
    office.work()
    assert code_of(office.starts.execute, "nobody", ANA) == "unknown_job"
    assert office.starts.take_event(MINE, ANA).is_new
    assert office.starts.retry(first, ANA).replay_of == first


def test_a_range_that_has_not_ended_does_not_start(office: Office) -> None:
    job = define(office, "again", task=TaskKind.REBUILD, timing=None)
    given = {"from": "2999-01-01"}
    assert code_of(office.starts.execute, job.id, ANA, arguments=given) == "invalid_arguments"


# Events


def test_an_event_starts_its_jobs_once_for_its_tenant(market: Office) -> None:
    everyones = define(market, "all", timing=None, events=("OrderCorrected",))
    define(market, "souths", timing=None, tenant="south", events=("OrderCorrected",))
    define(market, "other", timing=None, events=("Other",))
    define(market, "idle", timing=None, events=("OrderCorrected",), is_active=False)

    taken = market.starts.take_event(EVENT, ANA)
    again = market.starts.take_event(EVENT, ANA)
    of_south = market.starts.take_event(replace(EVENT, tenant="south"), ANA)

    [run] = taken.started
    assert (run.schedule, run.key.tenant, run.trigger) == (
        everyones.schedule_name,
        "north",
        Trigger.EVENT,
    )
    assert arguments(run)["event"]["data"] == {"date": "2026-11-19"}
    assert (again.is_new, again.started) == (False, ())
    assert len(of_south.started) == 2
    assert code_of(market.starts.take_event, replace(EVENT, tenant="south"), NORTH) == (
        "tenant_forbidden"
    )


def test_an_event_says_which_day_is_verified_or_rebuilt(office: Office) -> None:
    define(office, "check", task=TaskKind.VERIFY, timing=None, events=("OrderCorrected",))
    define(
        office,
        "again",
        task=TaskKind.REBUILD,
        timing=None,
        events=("TenantCreated",),
        payload={"daysBack": 3},
    )

    [check] = office.starts.take_event(MINE, ANA).started
    named = replace(MINE, id="2", type="TenantCreated", data='{"from":"2026-11-18"}')
    plain = replace(MINE, id="3", type="TenantCreated", data="{}")
    [of_event] = office.starts.take_event(named, ANA).started
    [of_job] = office.starts.take_event(plain, ANA).started

    assert str(check.key.period) == "2026-11-19"
    assert (arguments(of_event)["from"], arguments(of_event)["to"]) == ("2026-11-18", "2026-11-20")
    assert (arguments(of_job)["from"], arguments(of_job)["to"]) == ("2026-11-18", "2026-11-20")


def test_a_job_that_an_event_does_not_start_is_told_with_why(office: Office) -> None:
    never = Condition(ConditionKind.UNTIL_DAY, ("2000-01-01",))
    define(office, "never", events=("OrderCorrected",), conditions=(never,))
    define(office, "paused", events=("OrderCorrected",), group="g")
    define(office, "unfit", task=TaskKind.VERIFY, timing=None, events=("OrderCorrected",))
    office.job_pauses.pause_all("g", "why", ANA)

    taken = office.starts.take_event(replace(MINE, data='{"date":"soon"}'), ANA)

    assert taken.started == ()
    told = dict(taken.left_out)
    assert told["never"].startswith("its condition does not hold")
    assert told["paused"] == "paused by ana: why"
    assert "date is neither a day" in told["unfit"]


def test_the_note_of_a_pause_is_not_for_a_tenant(market: Office) -> None:
    define(market, "paused", tenant="north", events=("OrderCorrected",))
    market.job_pauses.pause_all(None, "the south pays late", ANA)

    taken = market.starts.take_event(EVENT, NORTH)

    assert taken.left_out == (("paused", "paused"),)


def test_an_event_starts_all_jobs_that_name_it(office: Office) -> None:
    names = [f"job-{place:03}" for place in range(130)]
    for name in names:
        define(office, name, timing=None, events=("OrderCorrected",))

    started = office.starts.take_event(MINE, ANA).started

    assert {each.task.job_name for each in started if each.task} == set(names)


def test_of_more_jobs_than_may_wait_those_that_do_not_start_are_told(office: Office) -> None:
    office.waiting_max = 2
    office.restart()
    for place in range(24):
        define(office, f"job-{place}", timing=None, events=("OrderCorrected",))

    taken = office.starts.take_event(MINE, ANA)

    assert len(taken.started) == 2
    assert [why for _, why in taken.left_out] == ["2 runs wait already."] * 22
    told = office.history.audit(1)[0].reason
    assert told.startswith("OrderCorrected: 2 started, 22 not: job-")
    assert told.endswith(" and 2 more")
    # No room at all: it may be sent again.
    assert code_of(office.starts.take_event, replace(MINE, id="2"), ANA) == "queue_full"


def test_what_a_tenants_job_waits_for_are_its_own_runs(market: Office) -> None:
    define(market, "first", timing=None, events=("OrderCorrected",))
    define(market, "second", timing=None, events=("TenantCreated",), depends_on=("first",))
    souths = replace(EVENT, tenant="south")

    def second_of(event: JobEvent, event_id: str) -> str | RunState:
        event = replace(event, id=event_id, type="TenantCreated")
        taken = market.starts.take_event(event, ANA)
        market.work()
        if taken.left_out:
            return taken.left_out[0][1]
        return market.run(taken.started[0].id).state

    market.starts.take_event(EVENT, ANA)
    assert second_of(souths, "2") == "first, which it depends on, has never run"
    assert second_of(EVENT, "2") is RunState.SUCCEEDED
    market.starts.take_event(souths, ANA)
    market.work()
    market.services.answers["rankings"] = REFUSED
    market.clock.advance(MINUTE)
    market.starts.take_event(replace(EVENT, id="3"), ANA)
    market.work()
    assert second_of(EVENT, "4") == "first, which it depends on, ended failed"
    market.services.answers["rankings"] = ServiceAnswer(200, "ok", is_cut=False)
    assert second_of(souths, "4") is RunState.SUCCEEDED


def test_a_run_of_everyone_counts_for_a_tenants_job(market: Office) -> None:
    first = define(market, "first", timing=None)
    define(market, "second", timing=None, tenant="north", events=("E",), depends_on=("first",))
    market.starts.execute(first.id, ANA)
    market.work()

    taken = market.starts.take_event(replace(EVENT, type="E"), ANA)

    assert (len(taken.started), taken.left_out) == (1, ())


# The inbox


def inbox(*events: JobEvent | None) -> InMemoryEventInbox:
    return InMemoryEventInbox(
        [
            InboxRow(number, event, None if event else "it has no time")
            for number, event in enumerate(events, start=1)
        ]
    )


def test_rows_of_an_inbox_are_taken_once_by_whoever_looks(office: Office) -> None:
    define(office, "a", timing=None, events=("OrderCorrected",))
    rows = inbox(MINE, None, replace(MINE, id="2"))
    taking = TakeEventsUseCase(office.ledger, office.starts, rows)

    assert (taking.take(), taking.take()) == (3, 0)
    # Its transaction ended after those behind it were read.
    rows.rows.append(InboxRow(0, replace(MINE, id="3")))
    late = InboxRow(2_000, replace(MINE, id="4"))
    rows.rows.append(late)
    assert taking.take() == 1
    TakeEventsUseCase(office.ledger, office.starts, rows).take()

    assert len(office.runs(JobKind.HTTP)) == 3
    refused = [e.subject for e in office.history.audit(99) if e.action == "event.refuse"]
    assert refused == ["2"]


def test_a_row_whose_transaction_ends_late_behind_many_is_taken(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aegis_batch.application.event_taking._OVERLAP", 2)
    monkeypatch.setattr("aegis_batch.application.event_taking._SEEN_MAX", 100)
    define(office, "a", timing=None, events=("OrderCorrected",))
    rows = inbox(*(replace(MINE, id=str(number)) for number in range(1, 21)))
    late = [rows.rows.pop(4), rows.rows.pop(8)]

    def take() -> int:
        """Take what there is, as a process that has just started does."""
        return TakeEventsUseCase(office.ledger, office.starts, rows).take()

    taking = TakeEventsUseCase(office.ledger, office.starts, rows)
    # Transactions 7 and 9 go on, each with a row that nobody sees.
    rows.now = Horizon(7, 10)
    assert [taking.take(), taking.take()] == [18, 0]
    rows.rows.append(late[0])
    rows.now = Horizon(9, 12)
    assert taking.take() == 0
    rows.rows.append(late[1])
    rows.now = Horizon(12, 12)
    assert taking.take() == 2
    assert (taking.take(), len(office.runs(JobKind.HTTP))) == (0, 20)
    with office.state.turn() as turn:
        assert turn.job_events.position() == 20
    take()
    assert len(office.runs(JobKind.HTTP)) == 20


def test_an_inbox_waits_where_the_queue_is_full(office: Office) -> None:
    office.waiting_max = 1
    office.restart()
    define(office, "a", timing=None, events=("OrderCorrected",))
    taking = TakeEventsUseCase(
        office.ledger, office.starts, inbox(MINE, replace(MINE, id="2"), replace(MINE, id="3"))
    )

    assert taking.take() == 1
    office.work()
    assert taking.take() == 1
    office.work()
    assert taking.take() == 1


def test_an_inbox_that_is_away_loses_nothing(office: Office) -> None:
    define(office, "a", timing=None, events=("OrderCorrected",))
    rows = inbox(MINE)
    rows.fault = InboxUnreadable("inbox_unreadable", "It is away.", "Wait.")
    taking = TakeEventsUseCase(office.ledger, office.starts, rows)
    with pytest.raises(InboxUnreadable):
        taking.take()
    rows.fault = None
    assert taking.take() == 1


def test_an_event_of_an_unknown_tenant_in_an_inbox_is_told_and_holds_up_none(
    market: Office,
) -> None:
    define(market, "a", timing=None, events=("OrderCorrected",))
    rows = inbox(replace(EVENT, tenant="nobody"), EVENT)

    assert TakeEventsUseCase(market.ledger, market.starts, rows).take() == 2

    assert len(market.runs(JobKind.HTTP)) == 1
    [refused] = [e for e in market.history.audit(9) if e.action == "event.refuse"]
    assert refused.reason == "row 1 is no event that can be taken: unknown_tenant"


def test_an_inbox_with_more_than_is_remembered_is_taken_in_parts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aegis_batch.application.event_taking._BATCH", 2)
    monkeypatch.setattr("aegis_batch.application.event_taking._BATCHES_MAX", 2)
    monkeypatch.setattr("aegis_batch.application.event_taking._SEEN_MAX", 3)
    monkeypatch.setattr("aegis_batch.application.event_taking._OVERLAP", 0)
    define(office, "a", timing=None, events=("OrderCorrected",))
    rows = inbox(*(replace(MINE, id=str(place)) for place in range(7)))
    taking = TakeEventsUseCase(office.ledger, office.starts, rows)

    # What is no longer remembered is read again, and starts nothing twice.
    assert [taking.take() for _ in range(5)][-1] == 0
    assert len(office.runs(JobKind.HTTP)) == 7


def test_the_days_of_a_run_are_those_of_its_tenants_own_zone() -> None:
    tenants = (Tenant("north"), Tenant("far", FAR_ZONE))
    market = Office(schedules=(), tenants=tenants, tenant="*")
    # Noon in Sao Paulo is past midnight in Tokyo.
    close = define(market, "close", task=TaskKind.DAILY_CLOSE, tenant="far")
    define(market, "check", task=TaskKind.VERIFY, timing=None, events=("OrderCorrected",))

    run = market.starts.execute(close.id, ANA)
    [check] = market.starts.take_event(replace(EVENT, tenant="far", data="{}"), ANA).started
    [other] = market.starts.take_event(replace(EVENT, data="{}"), ANA).started

    assert (run.zone_name, str(run.key.period)) == (FAR_ZONE, "2026-11-21")
    assert (check.zone_name, str(check.key.period)) == (FAR_ZONE, "2026-11-21")
    assert (other.zone_name, str(other.key.period)) == (None, "2026-11-20")


# Rebuilding


def test_a_range_is_rebuilt_and_told(office: Office) -> None:
    run = office.starts.rebuild("default", {"from": "2026-11-19"}, ANA)
    office.live_until(NOON + 5 * MINUTE)

    execution = office.views.execution(run.id, ANA)
    assert execution.status is JobStatus.SUCCESS
    assert execution.result is not None
    assert json.loads(execution.result.text)["daysProcessed"] == 2
    assert execution.timeline
    assert office.history.audit(9)[-1].reason == "2026-11-19 to 2026-11-20"


def test_a_range_that_is_not_ones_own_or_none_is_refused(market: Office) -> None:
    assert code_of(market.starts.rebuild, "south", {}, NORTH) == "tenant_forbidden"
    assert code_of(market.starts.rebuild, "north", {"from": "x"}, NORTH) == "invalid_range"
    future = {"from": "2999-01-01", "to": "2999-01-02"}
    assert code_of(market.starts.rebuild, "north", future, NORTH) == "invalid_range"
    with pytest.raises(InvalidRequest, match="more than 3,660 days") as caught:
        market.starts.rebuild("north", {"from": "2016-11-12"}, NORTH)
    assert caught.value.code == "invalid_range"
    first_of_all = {"from": "0001-01-01", "to": "0001-01-01"}
    assert code_of(market.starts.rebuild, "far", first_of_all, ANA) == "invalid_range"


def test_the_days_of_a_rebuild_are_those_of_its_tenants_own_zone() -> None:
    tenants = (Tenant("north", ZONE), Tenant("far", FAR_ZONE))
    market = Office(schedules=(), tenants=tenants, tenant="*")

    # Noon in Sao Paulo is past midnight in Tokyo.
    far = market.starts.rebuild("far", {"from": "yesterday"}, ANA)
    north = market.starts.rebuild("north", {"from": "yesterday"}, ANA)

    assert (far.zone_name, arguments(far)["to"]) == (FAR_ZONE, "2026-11-21")
    assert (north.zone_name, arguments(north)["to"]) == (None, "2026-11-20")
    over = {"from": "2026-11-21", "to": "2026-11-21"}
    assert arguments(market.starts.rebuild("far", over, ANA))["from"] == "2026-11-21"
    assert code_of(market.starts.rebuild, "north", over, ANA) == "invalid_range"
    assert code_of(market.starts.rebuild, "nobody", {}, ANA) == "unknown_tenant"
    market.live_until(NOON + 5 * MINUTE)
    assert market.views.execution(far.id, ANA).status is JobStatus.SUCCESS


def test_a_rebuild_with_days_that_fail_has_failed(office: Office) -> None:
    office.backend.refused_for["default"] = REFUSED
    run = office.starts.rebuild("default", {}, ANA)
    office.live_until(NOON + 5 * MINUTE)

    ended = office.run(run.id)
    assert ended.problem is not None
    assert (ended.state, ended.problem.code) == (RunState.FAILED, "days_failed")


def days_of(office: Office, run: RunRecord) -> tuple[JobStatus, int]:
    """Return how a rebuild ended, and how many days it tells of."""
    execution = office.views.execution(run.id, ANA)
    told = {} if execution.result is None else json.loads(execution.result.text)
    return execution.status, told.get("daysProcessed", 0)


@pytest.mark.parametrize("kept", ["", "2026-11-17"])
def test_rebuilds_that_overlap_come_out_well_with_all_their_days(office: Office, kept: str) -> None:
    if kept:
        office.close_by_hand(date.fromisoformat(kept))
    asked = [
        ("2026-11-12", "2026-11-17"),
        ("2026-11-14", "2026-11-20"),
        ("2026-11-12", "2026-11-20"),
    ]
    runs = [
        office.starts.rebuild("default", {"from": first, "to": last}, ANA) for first, last in asked
    ]

    office.live_until(NOON + 10 * MINUTE)

    assert [days_of(office, run) for run in runs] == [
        (JobStatus.SUCCESS, days) for days in (6, 7, 9)
    ]
    assert office.letters() == []
    for run in runs:
        backfill = office.backfills.progress(run.id).backfill
        assert (backfill.done, backfill.skipped, backfill.remaining) == (backfill.to_do, 0, 0)


def test_a_rebuild_waits_for_a_day_that_others_are_at(office: Office) -> None:
    office.backend.mute_on = {DAY - ONE_DAY}
    office.enqueue_close(DAY - ONE_DAY)
    office.work()
    run = office.starts.rebuild("default", {"daysBack": 2}, ANA)
    office.live_until(NOON + timedelta(seconds=30))
    assert days_of(office, run)[0] is JobStatus.PENDING
    waiting = office.run(run.id).problem
    assert waiting is not None
    assert waiting.message.startswith("1 days of 2026-11-19 to 2026-11-20 have not ended yet")

    office.backend.mute_on = set()
    office.live_until(NOON + 10 * MINUTE)

    assert days_of(office, run) == (JobStatus.SUCCESS, 2)
    messages = [notice.text for notice in office.notifier.delivered if "backfill" in notice.text]
    assert "1 done" in messages[0]
    assert "2 done, 0 failed, 0 left to others" in messages[-1]


def test_a_rebuild_that_waits_for_others_is_cancelled(office: Office) -> None:
    office.backend.mute_on = {DAY - ONE_DAY}
    office.enqueue_close(DAY - ONE_DAY)
    office.work()
    run = office.starts.rebuild("default", {}, ANA)
    office.live_until(NOON + timedelta(seconds=10))

    office.cancelling.cancel(run.id, ANA)
    office.live_until(NOON + ONE_DAY)

    assert days_of(office, run)[0] is JobStatus.CANCELLED


def test_a_rebuild_goes_on_with_a_plan_that_others_have_left_behind(office: Office) -> None:
    run = office.starts.rebuild("default", {"daysBack": 2}, ANA)
    request = BackfillRequest(
        first_day=DAY - 2 * ONE_DAY, last_day=DAY - ONE_DAY, reprocess=Reprocess.ALL
    )
    office.planning.plan(request, "ana", backfill_id=run.id)
    # Its process was killed then.
    office.close_by_hand(DAY - ONE_DAY)

    office.live_until(NOON + 5 * MINUTE)

    assert days_of(office, run) == (JobStatus.SUCCESS, 2)


def test_what_was_left_to_others_is_taken_up_once(office: Office) -> None:
    request = BackfillRequest(first_day=DAY - ONE_DAY, last_day=DAY - ONE_DAY)
    office.close_by_hand(DAY - ONE_DAY)
    planned = office.planning.plan(request, "ana").backfill
    office.planning.start(planned.id, "ana")
    ended = office.backfills.progress(planned.id).backfill
    with office.state.turn() as turn:
        turn.backfills.save(replace(ended, state=BackfillState.CANCELLED))
    assert office.planning.take_up(ended) == 1
    assert office.backfills.progress(planned.id).backfill.state is BackfillState.CANCELLED

    with office.state.turn() as turn:
        turn.backfills.save(ended)
    assert [office.planning.take_up(ended) for _ in range(2)] == [1, 0]
    office.live_until(NOON + MINUTE)
    assert office.backfills.progress(planned.id).backfill.done == 1


def test_a_rebuild_is_cancelled_with_its_backfill(office: Office) -> None:
    office.backend.away = AWAY
    run = office.starts.rebuild("default", {"daysBack": 3}, ANA)
    office.live_until(NOON + timedelta(seconds=10))

    office.cancelling.cancel(run.id, ANA)
    office.live_until(NOON + ONE_DAY)

    assert office.run(run.id).state is RunState.CANCELLED
    assert office.backfills.progress(run.id).backfill.state is BackfillState.CANCELLED


def test_a_rebuild_whose_backfill_is_cancelled_is_cancelled(office: Office) -> None:
    office.backend.away = AWAY
    run = office.starts.rebuild("default", {"daysBack": 3}, ANA)
    office.live_until(NOON + timedelta(seconds=10))

    office.backfills.cancel(run.id, "ana", "why")
    office.live_until(NOON + ONE_DAY)

    assert office.run(run.id).state is RunState.CANCELLED


def test_a_rebuild_that_is_cancelled_as_it_begins_begins_nothing(office: Office) -> None:
    run = office.starts.rebuild("default", {}, ANA)
    with office.state.turn() as turn:
        turn.runs.save(replace(run, cancel_requested=True))

    office.work()

    assert office.run(run.id).state is RunState.CANCELLED
    assert office.closes() == []


# Starting again


def test_a_dead_letter_is_started_again_by_its_replay(office: Office) -> None:
    office.services.answers["rankings"] = REFUSED
    job = define(office, "a")
    run = office.starts.execute(job.id, ANA)
    office.work()
    request = Once("k", "d")

    again = office.starts.retry(run.id, ANA, request)
    same = office.starts.retry(run.id, ANA, request)

    assert (again.id, again.replay_of, again.schedule) == (same.id, run.id, run.schedule)
    assert again.task == run.task
    assert office.letters()[0].replayed_as == again.id


def test_a_replay_that_failed_is_started_again_however_often(office: Office) -> None:
    office.services.answers["rankings"] = REFUSED
    job = define(office, "a")
    run = office.starts.execute(job.id, ANA)
    office.work()

    replays = [office.starts.retry(run.id, ANA)]
    assert code_of(office.starts.retry, run.id, ANA) == "run_goes_on"
    office.work()
    replays.append(office.starts.retry(run.id, ANA))
    del office.services.answers["rankings"]
    office.work()
    # That one went well.
    replays.append(office.starts.retry(run.id, ANA))

    assert [each.replay_of for each in replays] == [run.id, replays[0].id, replays[1].id]
    assert len(office.runs()) == 4


def test_a_dead_letter_whose_replay_was_forgotten_is_started_again(office: Office) -> None:
    office.services.answers["rankings"] = REFUSED
    run = office.starts.execute(define(office, "a").id, ANA)
    office.work()
    office.starts.retry(run.id, ANA)
    with office.state.turn() as turn:
        letter = turn.dead_letters.get(run.id)
        assert letter is not None
        turn.dead_letters.save(replace(letter, replayed_as="forgotten"))

    assert office.starts.retry(run.id, ANA).replay_of == run.id


def test_a_dead_letter_is_not_started_again_where_as_many_runs_wait_as_may(
    office: Office,
) -> None:
    office.waiting_max = 1
    office.restart()
    office.services.answers["rankings"] = REFUSED
    job = define(office, "a")
    run = office.starts.execute(job.id, ANA)
    office.work()
    office.starts.execute(job.id, ANA)

    assert code_of(office.starts.retry, run.id, ANA) == "queue_full"
    assert [letter.state for letter in office.letters()] == [DeadLetterState.OPEN]


def test_a_job_that_is_not_active_is_not_started_again(office: Office) -> None:
    job = define(office, "a")
    office.starts.execute(job.id, ANA)
    office.work()
    office.jobs.update(job.id, a_draft("a", is_active=False), ANA)

    assert code_of(office.starts.retry_job, job.id, ANA) == "job_inactive"


def test_a_run_that_went_well_is_started_again(office: Office) -> None:
    job = define(office, "a")
    first = office.starts.retry_job(job.id, ANA)
    assert code_of(office.starts.retry, first.id, ANA) == "run_goes_on"
    office.work()
    second = office.starts.retry_job(job.id, ANA)

    assert (second.replay_of, second.schedule) == (first.id, first.schedule)
    assert code_of(office.starts.retry, "nobody", ANA) == "unknown_run"


def test_a_close_is_started_again_without_a_task(office: Office) -> None:
    run_id = office.enqueue_close(DAY - ONE_DAY)
    office.work()
    again = office.starts.retry(run_id, ANA)
    assert (again.job, again.task, again.schedule) == (JobKind.CLOSE, None, None)


def test_runs_of_others_are_neither_started_again_nor_cancelled(market: Office) -> None:
    job = define(market, "all")
    everyones = market.starts.execute(job.id, ANA)
    sees_all = replace(NORTH, tenant="*")

    assert code_of(market.cancelling.cancel, everyones.id, NORTH) == "unknown_run"
    assert code_of(market.cancelling.cancel, everyones.id, sees_all) == "tenant_forbidden"
    market.work()
    assert code_of(market.starts.retry, everyones.id, NORTH) == "unknown_run"
    assert code_of(market.starts.retry, everyones.id, sees_all) == "tenant_forbidden"
    assert code_of(market.views.execution, everyones.id, NORTH) == "unknown_run"


def test_a_request_whose_run_was_forgotten_starts_no_other(office: Office) -> None:
    job = define(office, "a")
    request = Once("k", "d")
    run = office.starts.execute(job.id, ANA, request)
    office.work()
    with office.state.turn() as turn:
        assert turn.retention.forget_runs(NOON + ONE_DAY, 9) == 1

    assert code_of(office.starts.execute, job.id, ANA, request) == "unknown_run"
    assert code_of(office.views.execution, run.id, ANA) == "unknown_run"


# Cancelling


def test_a_run_that_waits_is_cancelled_and_one_under_way_ends_first(office: Office) -> None:
    job = define(office, "a")
    waiting = office.starts.execute(job.id, ANA)
    cancelled = office.cancelling.cancel(waiting.id, ANA)
    assert cancelled.state is RunState.CANCELLED
    office.work()
    assert office.services.calls == []
    assert code_of(office.cancelling.cancel, waiting.id, ANA) == "run_ended"

    office.services.answers["rankings"] = REFUSED
    running = office.starts.execute(job.id, ANA)
    office.meter.meanwhile = lambda: office.cancelling.cancel(running.id, ANA)
    office.work()
    assert office.run(running.id).state is RunState.CANCELLED
    assert office.letters() == []


# Looking


def test_executions_are_those_of_ones_own_tenant(market: Office) -> None:
    norths = market.starts.execute(define(market, "n", tenant="north").id, ANA)
    souths = market.starts.execute(define(market, "s", tenant="south").id, ANA)

    def seen(actor: Actor) -> list[str]:
        return [each.record.id for each in market.views.executions(RunFilter(), 9, actor)]

    assert seen(NORTH) == [norths.id]
    assert set(seen(ANA)) == {norths.id, souths.id}


def test_executions_that_timed_out_are_told_from_others_that_failed(office: Office) -> None:
    job = define(office, "a", attempts_max=1)
    codes = [TIMED_OUT] + ["service_refused"] * 25 + [TIMED_OUT]
    for code in codes:
        office.services.answers["rankings"] = ServiceRefused(code, "No.", "Mend it.")
        office.starts.execute(job.id, ANA)
        office.work()
        office.clock.advance(MINUTE)

    timed_out = office.views.executions_of(job.id, 2, ANA, JobStatus.TIMEOUT)
    failed = office.views.executions_of(job.id, 30, ANA, JobStatus.FAILED)

    assert [each.status for each in timed_out] == [JobStatus.TIMEOUT] * 2
    assert [each.status for each in failed] == [JobStatus.FAILED] * 25
    newest = office.views.executions_of(job.id, 1, ANA, JobStatus.TIMEOUT)
    assert [each.record.id for each in newest] == [timed_out[0].record.id]


# Beside


def test_figures_are_of_all(office: Office) -> None:
    job = define(office, "a")
    office.starts.execute(job.id, ANA)
    office.enqueue_close(DAY - ONE_DAY)

    before = office.views.figures(office.clock.now())
    office.work()
    after = office.views.figures(office.clock.now())

    assert (before.waiting, before.running, after.waiting) == (2, 0, 0)
    assert before.waiting_by_priority() == {"NORMAL": 1}
    assert [(t.job, t.status, t.count) for t in after.totals] == [
        ("a", "SCHEDULED", 1),
        ("a", "SUCCESS", 1),
    ]
    assert list(before.executors) == ["machine-1"]


def test_figures_for_one_tenant_are_its_own(
    market: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aegis_batch.application.job_views._PAGE", 1)
    own = define(market, "n", tenant="north", group="g")
    define(market, "idle", tenant="north", is_active=False)
    by_event = define(market, "e", tenant="north", timing=None)
    other = define(market, "s", tenant="south", group="theirs", timing=None)
    market.starts.execute(own.id, ANA)
    market.starts.execute(other.id, ANA)
    for scope in (None, "g", "theirs"):
        market.job_pauses.pause_all(scope, "the books of south", ANA)
    market.job_pauses.pause(by_event.id, "mine", ANA)
    market.job_pauses.pause(other.id, "theirs", ANA)

    figures = market.views.figures(NOON, NORTH, with_totals=False)

    assert (figures.active_jobs, figures.waiting, figures.totals) == (2, 1, ())
    assert {scope: pause.note for scope, pause in figures.pauses.items()} == {
        "*": "",
        "g": "",
        by_event.schedule_name: "mine",
    }
    assert figures.next_due_at == market.next_at(own.schedule_name)
    nobody = market.views.figures(NOON, Actor("eve", tenant="west"), with_totals=False)
    assert (nobody.active_jobs, nobody.next_due_at) == (0, None)
    assert code_of(market.views.figures, NOON, NORTH) == "tenant_forbidden"
    assert market.views.figures(NOON, ANA).active_jobs == 3


def test_the_lock_is_taken_and_the_audit_says_who_did(office: Office) -> None:
    auditing = Auditing(office.ledger, office.clock)
    assert auditing.test_lock(ANA) == (0.0, 0)
    auditing.note(ANA, "control.refused", "GET /", "why")
    assert [entry.action for entry in office.history.audit(9)] == ["control.refused", "lock.test"]
