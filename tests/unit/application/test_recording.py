"""Closes by hand in the ledger."""

from datetime import timedelta

from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.recording import RunListener
from aegis_batch.domain.events import StepStarted
from aegis_batch.domain.job_events import OccurrenceDecided
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.schedule import Decision
from aegis_batch.domain.seal_link import SealLink
from tests.unit.application.office import (
    AWAY,
    DAY,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
    key_of,
)

NIGHT = NOON + 14 * HOUR


def an_office_in_the_morning() -> Office:
    office = Office([NIGHTLY])
    office.live_until(NIGHT - HOUR)
    return office


def test_a_close_by_hand_is_kept_with_who_made_it_and_when() -> None:
    office = an_office_in_the_morning()
    office.backend.meanwhile = lambda: office.clock.advance(2 * MINUTE)
    office.meter.spend(0.5, 1_024)

    result = office.close_by_hand(DAY)

    (run,) = office.runs()
    assert (run.id, run.trigger, run.requested_by) == (result.run.id, Trigger.HAND, "ana")
    assert (run.state, run.outcome, run.seal) == (
        RunState.SUCCEEDED,
        Outcome.CREATED,
        result.seal,
    )
    assert run.started_at == run.enqueued_at == NIGHT - HOUR
    assert run.ended_at == NIGHT - HOUR + 2 * MINUTE
    assert (run.executor, run.attempt) == ("laptop", 1)
    assert (run.cpu_seconds, run.peak_memory_bytes) == (0.5, 1_024)
    with office.state.turn() as turn:
        (kept,) = turn.seals.of(run.key, 1)
    link = SealLink.of(kept.content)
    assert (link.number, link.run_id, link.sealed.seal) == (1, run.id, result.seal)


def test_a_failed_close_by_hand_is_kept_with_its_problem_and_is_no_dead_letter() -> None:
    office = an_office_in_the_morning()
    office.backend.away = AWAY

    office.close_by_hand(DAY)

    (run,) = office.runs()
    assert run.problem is not None
    assert (run.state, run.outcome, run.problem.code) == (
        RunState.FAILED,
        Outcome.UNAVAILABLE,
        "timeout",
    )
    assert run.orders is None
    with office.state.turn() as turn:
        assert turn.seals.last("default") is None
    assert office.letters() == []
    assert office.notices() == []


def test_a_night_leaves_out_what_was_closed_by_hand_at_its_backend() -> None:
    office = an_office_in_the_morning()
    office.close_by_hand(DAY)
    office.backend.asked.clear()

    office.live_until(NIGHT)

    assert len(office.runs(JobKind.CLOSE)) == 1
    assert office.backend.asked == []


def test_a_night_closes_what_was_closed_by_hand_with_another_backend() -> None:
    office = an_office_in_the_morning()
    office.backend.identity = "another"
    office.close_by_hand(DAY)
    office.backend.identity = "memory"
    office.backend.stored.clear()

    office.live_until(NIGHT)

    by_hand, of_the_night = office.runs(JobKind.CLOSE)
    assert (by_hand.trigger, of_the_night.trigger) == (Trigger.HAND, Trigger.NIGHT)
    assert of_the_night.outcome is Outcome.CREATED
    assert key_of(DAY) in office.backend.stored


def test_what_the_night_closed_stays_closed_whatever_is_closed_by_hand_later() -> None:
    office = an_office_in_the_morning()
    office.live_until(NIGHT + HOUR)
    office.close_by_hand(DAY)
    office.backend.asked.clear()

    office.live_until(NIGHT + ONE_DAY)

    assert DAY not in office.backend.asked
    assert [run.trigger for run in office.runs(JobKind.CLOSE)] == [
        Trigger.NIGHT,
        Trigger.HAND,
        Trigger.NIGHT,
    ]


def test_what_happened_in_a_close_by_hand_is_its_timeline() -> None:
    office = an_office_in_the_morning()
    listener = RunListener()
    request = CloseRequest("by-hand", "1" * 32, day=DAY)
    result = office.close.close(request)
    for event in office.sink.events:
        listener.emit(event)

    office.recording.record(result, listener.events, "ana")

    names = [entry.name for entry in office.history.run("by-hand").timeline]
    assert names == [
        "job.started",
        "step.started",
        "report.sought",
        "step.started",
        "orders.read",
        "step.started",
        "report.submitted",
        "job.completed",
    ]


def test_a_listener_hears_what_is_of_a_run_and_keeps_the_last_of_it() -> None:
    office = an_office_in_the_morning()
    office.close_by_hand(DAY)
    step = next(event for event in office.sink.events if isinstance(event, StepStarted))
    listener = RunListener()
    decided = OccurrenceDecided(
        at=NOON,
        schedule="hourly",
        nominal=NOON,
        decision=Decision.RAN,
        reason="it was due",
        run_id=None,
    )

    for second in range(250):
        listener.emit(decided)
        listener.emit(
            StepStarted(run=step.run, at=NOON + timedelta(seconds=second), step=step.step)
        )

    assert [event.at for event in listener.events] == [
        NOON + timedelta(seconds=second) for second in range(50, 250)
    ]
