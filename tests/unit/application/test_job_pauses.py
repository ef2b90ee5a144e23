"""Pauses: of all, of groups and of single jobs, and what they hold for."""

from datetime import timedelta

import pytest

from aegis_batch.application.actor import Actor
from aegis_batch.application.repeating import Once
from aegis_batch.domain.job import JobDefinition
from aegis_batch.domain.job_event import JobEvent
from aegis_batch.domain.tenant import Tenant
from tests.unit.application.job_drafts import ANA, a_draft, define
from tests.unit.application.office import HOUR, NOON, Office
from tests.unit.application.test_job_control import code_of

NORTH = Actor("rui", "10.0.0.8", "north")


@pytest.fixture
def office() -> Office:
    return Office(schedules=())


def left_out(office: Office, number: int = 1) -> list[tuple[str, str]]:
    """Return the jobs that an event did not start, with why."""
    event = JobEvent(f"e{number}", "OrderCorrected", "default", NOON)
    return list(office.starts.take_event(event, ANA).left_out)


def on_event(office: Office, name: str = "a") -> JobDefinition:
    return define(office, name, timing=None, events=("OrderCorrected",))


def test_pauses_are_made_and_taken_away_once(office: Office) -> None:
    pause = office.job_pauses.pause_all("g", "why", ANA)
    assert (pause.by, pause.note) == ("ana", "why")
    assert code_of(office.job_pauses.pause_all, "g", "why", ANA) == "paused_already"
    office.job_pauses.resume_all("g", ANA)
    assert code_of(office.job_pauses.resume_all, "g", ANA) == "not_paused"
    assert code_of(office.job_pauses.resume_all, None, ANA) == "not_paused"


def test_what_is_sent_again_is_carried_out_once(office: Office) -> None:
    pausing, resuming = Once("pause", "1"), Once("resume", "2")

    first = office.job_pauses.pause_all(None, "why", ANA, pausing)
    office.clock.advance(timedelta(minutes=5))
    assert office.job_pauses.pause_all(None, "why", ANA, pausing) == first
    office.job_pauses.resume_all(None, ANA, resuming)
    # Both are answered as they were, and change nothing any more.
    assert office.job_pauses.pause_all(None, "why", ANA, pausing) == first
    office.job_pauses.resume_all(None, ANA, resuming)

    actions = [entry.action for entry in office.history.audit(9)]
    assert actions == ["scheduler.resume", "scheduler.pause"]
    assert office.views.figures(NOON).pauses == {}


def test_a_job_without_a_schedule_is_paused_by_itself(office: Office) -> None:
    job = on_event(office)

    office.job_pauses.pause(job.id, "why", ANA)
    assert left_out(office) == [("a", "paused by ana: why")]
    view = office.views.job(job.id, ANA)
    assert (view.state, view.pause, view.own_pause) == (None, view.own_pause, view.pause)
    assert view.pause is not None
    assert office.views.named("a", ANA).pause == view.pause
    # A person starts it all the same.
    assert office.starts.execute(job.id, ANA).schedule == job.schedule_name

    office.job_pauses.resume(job.id, ANA)
    assert left_out(office, 2) == []
    assert [entry.action for entry in office.history.audit(9)] == [
        "event.take",
        "job.resume",
        "job.execute",
        "event.take",
        "job.pause",
        "job.create",
    ]


def test_a_pause_of_one_job_is_none_of_another(office: Office) -> None:
    job = on_event(office)
    on_event(office, "b")
    office.job_pauses.pause(job.id, "why", ANA)
    assert [name for name, _ in left_out(office)] == ["a"]


def test_what_can_not_be_paused_or_resumed_is_told(office: Office) -> None:
    job = on_event(office)
    assert code_of(office.job_pauses.pause, job.id, " ", ANA) == "note_missing"
    assert code_of(office.job_pauses.pause, "nobody", "why", ANA) == "unknown_job"
    assert code_of(office.job_pauses.resume, "nobody", ANA) == "unknown_job"
    assert code_of(office.job_pauses.resume, job.id, ANA) == "not_paused"
    office.job_pauses.pause(job.id, "why", ANA)
    assert code_of(office.job_pauses.pause, job.id, "why", ANA) == "paused_already"


def test_one_tenant_pauses_no_job_of_all() -> None:
    market = Office(schedules=(), tenants=(Tenant("north"), Tenant("south")), tenant="*")
    job = define(market, "a", timing=None, tenant="*")
    assert code_of(market.job_pauses.pause, job.id, "why", NORTH) == "unknown_job"


def test_a_pause_of_its_schedule_holds_for_a_jobs_events_too(office: Office) -> None:
    job = define(office, "a", events=("OrderCorrected",))
    office.control.pause(job.schedule_name, "ana", "why")
    assert left_out(office) == [("a", "paused by ana: why")]
    office.control.resume(job.schedule_name, "ana")
    assert left_out(office, 2) == []


def test_a_job_that_loses_its_times_or_gets_some_stays_paused(office: Office) -> None:
    job = define(office, "a", events=("OrderCorrected",))
    office.control.pause(job.schedule_name, "ana", "why")

    office.jobs.update(job.id, a_draft("a", timing=None, events=("OrderCorrected",)), ANA)
    assert left_out(office) == [("a", "paused by ana: why")]
    office.jobs.update(job.id, a_draft("a", events=("OrderCorrected",)), ANA)
    office.live_until(NOON + 3 * HOUR)
    assert {each.reason for each in office.occurrences(job.schedule_name)} == {"paused by ana: why"}
    view = office.views.job(job.id, ANA)
    assert view.own_pause is not None


def test_a_job_that_is_removed_leaves_no_pause_behind(office: Office) -> None:
    job = on_event(office)
    office.job_pauses.pause(job.id, "why", ANA)
    office.jobs.remove(job.id, ANA)
    assert office.views.figures(NOON).pauses == {}


def test_a_run_that_is_cancelled_again_by_the_same_request_is_cancelled_once(
    office: Office,
) -> None:
    job = on_event(office)
    record = office.starts.execute(job.id, ANA)
    request = Once("cancel", "1")

    first = office.cancelling.cancel(record.id, ANA, request)
    again = office.cancelling.cancel(record.id, ANA, request)

    assert (first.state.value, again) == ("cancelled", first)
    assert code_of(office.cancelling.cancel, record.id, ANA) == "run_ended"
    actions = [entry.action for entry in office.history.audit(9)]
    assert actions.count("run.cancel") == 1
