"""Attempts at runs: how often, what is kept of them, and what a crash leaves behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.listening import requests_in
from aegis_batch.application.taking import Taking
from aegis_batch.domain.errors import (
    AnswerLost,
    InvalidRequest,
    OrdersMisfit,
    OrdersUnreachable,
    StateUnavailable,
)
from aegis_batch.domain.events import (
    CloseFailed,
    CloseStarted,
    Event,
    RequestAnswered,
    RequestFailed,
    RunEvent,
)
from aegis_batch.domain.job_events import JobFailed, JobRetried, JobSentToDlq, JobTaken
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, Run, RunState
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, SealLink
from tests.unit.application.office import (
    AWAY,
    BROKEN,
    DAY,
    HOUR,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    REFUSED,
    Office,
    key_of,
)

NIGHT = NOON + 14 * HOUR
FULL = StateUnavailable("state_full", "The disk is full.", "Make room.")


class KilledError(BaseException):
    """The process was killed just here."""


def kill() -> None:
    raise KilledError


def fail() -> None:
    raise RuntimeError("postgres://user:secret@host")


def up_to_the_close(office: Office) -> str:
    """Let the night do its work, and return the id of the close that is to be carried out."""
    office.sleep_until(NIGHT)
    office.fire()
    for work in office.queue.take_due(NIGHT):
        office.queue.perform(work)
    return office.runs(JobKind.CLOSE)[0].id


def attempts(office: Office) -> list[timedelta]:
    """Return how long after the night each attempt at the close was taken up."""
    taken = [event for event in office.events(JobTaken) if isinstance(event, JobTaken)]
    return [event.at - NIGHT for event in taken if event.job is JobKind.CLOSE]


def test_the_ledger_keeps_what_an_attempt_came_to() -> None:
    office = Office()
    run_id = up_to_the_close(office)

    def take_a_while() -> None:
        office.clock.advance(2 * MINUTE)
        office.meter.spend(1.5, 4_096)

    office.backend.meanwhile = take_a_while
    office.work()

    run = office.run(run_id)
    assert (run.state, run.outcome, run.problem) == (RunState.SUCCEEDED, Outcome.CREATED, None)
    assert (run.attempt, run.executor) == (1, "machine-1")
    assert (run.started_at, run.ended_at) == (NIGHT, NIGHT + 2 * MINUTE)
    assert (run.duration_ms, run.cpu_seconds, run.peak_memory_bytes) == (120_000, 1.5, 4_096)
    assert run.seal is not None
    assert run.orders == run.seal.orders_read == 0


def test_each_confirmed_close_is_sealed_in_a_chain() -> None:
    office = Office([NIGHTLY])
    office.live_until(NIGHT + 3 * ONE_DAY)

    with office.state.turn() as turn:
        kept = turn.seals.after("default", 0, 9)
    links = [SealLink.of(link.content) for link in kept]
    closes = [run for run in office.runs() if run.job is JobKind.CLOSE]

    assert len(links) == 4
    assert [link.run_id for link in links] == [run.id for run in closes]
    assert [link.sealed.seal for link in links] == [run.seal for run in closes]
    assert [link.previous for link in links] == [
        FIRST_PREVIOUS,
        *(link.digest for link in kept[:-1]),
    ]
    assert {link.sealed.body.encode() for link in links} == set(office.backend.bodies)


def test_requests_are_counted_over_all_attempts() -> None:
    heard = [
        RequestFailed(
            run=Run("r", "1", key_of(DAY)),
            at=NOON,
            operation="find",
            attempt=1,
            reason="timeout",
            status=None,
            wait_seconds=None,
        ),
        RequestAnswered(
            run=Run("r", "1", key_of(DAY)), at=NOON, operation="find", attempt=2, status=404
        ),
    ]

    assert requests_in(heard) == 2


def test_a_day_that_was_closed_already_counts_as_done_with_the_orders_of_its_report() -> None:
    office = Office()
    run_id = up_to_the_close(office)
    elsewhere = Office()
    elsewhere.live_until(NIGHT)
    office.backend.stored.update(elsewhere.backend.stored)

    office.work()

    run = office.run(run_id)
    assert (run.state, run.outcome, run.orders) == (
        RunState.SUCCEEDED,
        Outcome.ALREADY_CLOSED,
        0,
    )


def test_an_unavailable_backend_is_tried_after_1_2_and_4_minutes_and_then_every_15() -> None:
    office = Office([NIGHTLY])
    office.backend.away = AWAY

    office.live_until(NIGHT + 53 * MINUTE)

    assert attempts(office) == [minutes * MINUTE for minutes in (0, 1, 3, 7, 22, 37, 52)]
    retried = [event for event in office.events(JobRetried) if isinstance(event, JobRetried)]
    assert [event.attempt for event in retried] == [1, 2, 3, 4, 5, 6, 7]
    assert {event.code for event in retried} == {"timeout"}


def test_a_backend_that_is_down_for_a_night_loses_nothing_once_it_is_back() -> None:
    office = Office()
    office.backend.away = AWAY
    office.live_until(NIGHT + 5 * HOUR)

    office.backend.away = None
    office.live_until(NIGHT + 5 * HOUR + 15 * MINUTE)

    (close,) = office.runs(JobKind.CLOSE)
    assert (close.state, close.problem) == (RunState.SUCCEEDED, None)
    assert office.letters() == []
    assert office.closed_days() == [DAY]


def test_a_waiting_day_never_holds_up_the_days_after_it() -> None:
    office = Office(close_from=DAY - ONE_DAY)
    # The night asks first, then the older day's close.
    office.backend.find_faults.extend([AWAY, AWAY])

    office.live_until(NIGHT)

    assert office.closed_days() == [DAY]
    assert office.closes()[0] == (DAY - ONE_DAY, RunState.WAITING)


def test_a_close_is_given_up_when_its_day_leaves_the_catch_up_window_and_not_before() -> None:
    office = Office([NIGHTLY])
    office.backend.away = AWAY
    end_of_day = NIGHT - 2 * HOUR

    office.live_until(NIGHT + HOUR)
    office.restart([])
    office.sleep_until(end_of_day + 7 * ONE_DAY - HOUR)
    office.live_until(end_of_day + 7 * ONE_DAY - 15 * MINUTE)
    assert office.letters() == []
    office.live_until(end_of_day + 7 * ONE_DAY + 15 * MINUTE)

    (letter,) = office.letters()
    assert letter.key.period.first_day == DAY
    assert letter.outcome is Outcome.UNAVAILABLE
    assert letter.problem.code == "timeout"
    assert letter.attempts == 12
    assert letter.died_at <= end_of_day + 7 * ONE_DAY


@pytest.mark.parametrize(
    "error",
    [AWAY, OrdersUnreachable("orders_away", "Away.", "Wait."), AnswerLost("lost", "Lost.", "Ask.")],
)
def test_what_may_pass_waits_for_the_next_attempt(error: Exception) -> None:
    office = Office()
    run_id = up_to_the_close(office)

    def strike() -> None:
        raise error

    office.backend.meanwhile = strike
    office.work()

    run = office.run(run_id)
    assert (run.state, run.attempt, run.due_at) == (RunState.WAITING, 1, NIGHT + MINUTE)
    assert run.problem is not None
    assert run.ended_at is None


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (REFUSED, Outcome.REFUSED),
        (OrdersMisfit("orders_misfit", "No column.", "Make a view."), Outcome.UNREADABLE),
        (InvalidRequest("missing_setting", "No Backend.", "Set it."), Outcome.INVALID),
    ],
)
def test_what_trying_again_cant_mend_is_a_dead_letter_at_once(
    error: Exception, outcome: Outcome
) -> None:
    office = Office()
    run_id = up_to_the_close(office)

    def strike() -> None:
        raise error

    office.backend.meanwhile = strike
    office.work()

    run = office.run(run_id)
    assert (run.state, run.outcome, run.ended_at) == (RunState.FAILED, outcome, NIGHT)
    (letter,) = office.letters()
    assert (letter.run_id, letter.attempts, letter.outcome) == (run_id, 1, outcome)
    (event,) = office.events(JobSentToDlq)
    assert isinstance(event, JobSentToDlq)
    assert event.run.id == run_id


def test_a_rejected_day_is_a_dead_letter_that_tells_people_what_to_do() -> None:
    office = Office()
    office.orders.orders.append(BROKEN)
    run_id = up_to_the_close(office)

    office.work()

    assert office.letters()[0].outcome is Outcome.REJECTED
    (notice, _) = office.notices()
    assert notice.event == "job.sent_to_dlq"
    assert notice.text.startswith(
        "The close of 2026-11-21 failed for good (orders_rejected). Look at it with:"
        f" aegis-batch dead-letters show {run_id}. The orders break consistency rules"
    )
    assert office.backend.bodies == []


def test_names_from_the_shop_can_not_break_the_line_of_a_notice() -> None:
    office = Office()
    nasty = replace(BROKEN.order, id="9\n\x1b[2J" + "x" * 9_000)
    office.orders.orders.append(replace(BROKEN, order=nasty))
    up_to_the_close(office)

    office.work()

    (notice, _) = office.notices()
    assert notice.text.isprintable()
    assert len(notice.text) == 2_000


def test_a_defect_is_told_by_its_kind_and_place_alone_and_tried_like_any_job() -> None:
    office = Office()
    run_id = up_to_the_close(office)
    office.backend.meanwhile = fail
    office.work()

    run = office.run(run_id)
    assert run.problem is not None
    assert (run.state, run.outcome, run.problem.code) == (
        RunState.WAITING,
        Outcome.DEFECT,
        "defect",
    )
    assert "RuntimeError at aegis_batch." in run.problem.message
    assert "secret" not in repr(office.history.run(run_id))
    office.live_until(NIGHT + MINUTE)
    assert office.run(run_id).state is RunState.SUCCEEDED


def test_a_defect_that_stays_is_given_up_after_four_attempts() -> None:
    office = Office([NIGHTLY])
    run_id = up_to_the_close(office)

    for minutes in (0, 1, 3, 7):
        office.backend.meanwhile = fail
        office.live_until(NIGHT + minutes * MINUTE)

    assert office.run(run_id).state is RunState.FAILED
    assert office.letters()[0].attempts == 4


def test_a_night_that_fails_is_tried_again_after_1_2_and_4_minutes_and_is_then_a_dead_letter() -> (
    None
):
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)

    for minutes in (0, 1, 3, 7):
        office.backend.meanwhile = fail
        office.live_until(NIGHT + minutes * MINUTE)

    (night,) = office.runs()
    assert (night.state, night.attempt) == (RunState.FAILED, 4)
    assert len(office.events(JobFailed)) == 4
    assert office.told() == ["job.sent_to_dlq", "night.failed"]
    assert "The night job of 2026-11-21 failed for good" in office.notices()[0].text


def test_a_night_that_meets_no_state_is_tried_again() -> None:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    office.fire()
    office.meter.meanwhile = lambda: office.state.begin_faults.append(FULL)

    office.work()

    (night,) = office.runs()
    assert night.problem is not None
    assert (night.state, night.problem.code) == (RunState.WAITING, "state_full")
    assert night.outcome is Outcome.UNAVAILABLE
    office.live_until(NIGHT + MINUTE)
    assert office.closed_days() == [DAY]


def test_a_clock_that_was_set_back_only_puts_a_close_off() -> None:
    office = Office()
    run_id = up_to_the_close(office)

    office.clock.set(NIGHT - ONE_DAY)
    office.carrying_out.carry_out(run_id, office.run(run_id).work_id)

    run = office.run(run_id)
    assert run.problem is not None
    assert (run.state, run.problem.code) == (RunState.WAITING, "day_not_over")
    # Not tried, and so not failed, again and again until the day has ended.
    assert run.due_at == NIGHT - 2 * HOUR
    assert office.events(CloseFailed) == []
    assert office.letters() == []
    office.live_until(NIGHT - 2 * HOUR)
    assert office.closed_days() == [DAY]


class ClockTurner(InMemoryMetricsSink):
    """A sink that sets the clock back in the moment in which a close begins."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office

    def emit(self, event: Event) -> None:
        """Keep an event."""
        super().emit(event)
        if isinstance(event, CloseStarted):
            self._office.clock.set(NIGHT - ONE_DAY)


def test_a_clock_that_is_set_back_in_the_moment_in_which_a_close_begins_puts_it_off_too() -> None:
    office = Office([NIGHTLY])
    run_id = up_to_the_close(office)
    office.sink = ClockTurner(office)
    office.restart()

    office.carrying_out.carry_out(run_id, office.run(run_id).work_id)

    run = office.run(run_id)
    assert run.problem is not None
    assert (run.state, run.problem.code) == (RunState.WAITING, "day_not_over")


# Stale, doubled and broken-off work


def test_work_that_is_stale_or_of_no_run_does_nothing() -> None:
    office = Office()
    run_id = up_to_the_close(office)
    office.work()
    told = len(office.sink.events)

    office.carrying_out.carry_out(run_id, f"{run_id}#1")
    office.carrying_out.carry_out(run_id, f"{run_id}#2")
    office.carrying_out.carry_out("unknown", "unknown#1")

    assert len(office.sink.events) == told
    assert len(office.backend.bodies) == 1


def test_an_attempt_that_was_put_off_is_not_made_by_the_work_of_the_one_before() -> None:
    office = Office()
    run_id = up_to_the_close(office)
    office.backend.away = AWAY
    office.work()
    asked = len(office.backend.asked)

    office.carrying_out.carry_out(run_id, f"{run_id}#1")

    assert len(office.backend.asked) == asked


def test_a_killed_attempt_is_made_again_from_its_beginning_by_the_next_process() -> None:
    office = Office()
    run_id = up_to_the_close(office)
    office.backend.meanwhile = kill
    with pytest.raises(KilledError):
        office.work()
    assert office.run(run_id).state is RunState.RUNNING

    office.restart()
    office.work()

    run = office.run(run_id)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    assert len(attempts(office)) == 1
    assert len(office.backend.bodies) == 1
    told = {entry.name: entry.text for entry in office.history.run(run_id).timeline}
    assert told["job.begun_again"] == "job=close attempt=1 left_by=machine-1"


def test_an_attempt_that_a_stop_hands_back_waits_in_the_queue_and_its_timeline_says_so() -> None:
    office = Office([NIGHTLY])
    run_id = up_to_the_close(office)
    handed_back: list[str] = []

    def stop() -> None:
        handed_back.extend(office.queue.stop(0.0))
        office.taking.hand_back([*handed_back, "unknown#1"])

    office.backend.meanwhile = stop
    (work,) = office.queue.take_due(NIGHT)
    office.queue.perform(work)

    # What the thread that was left behind came to is nobody's word.
    assert handed_back == [work.id]
    assert office.run(run_id).state is RunState.QUEUED
    office.taking.hand_back(handed_back)
    office.sleep_until(NIGHT + HOUR)
    office.restart()
    office.carrying_out.carry_out(run_id, work.id)

    run = office.run(run_id)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    names = [entry.name for entry in office.history.run(run_id).timeline]
    assert names[:3] == ["job.dispatched", "job.taken", "job.handed_back"]
    assert names.count("job.taken") == 2
    taken = [event for event in office.events(JobTaken) if isinstance(event, JobTaken)][1:]
    assert [(event.queued_ms, event.lateness_ms) for event in taken] == [
        (0.0, 0.0),
        (3_600_000.0, None),
    ]


def test_what_is_handed_back_is_handed_over_by_nobody_here_any_more() -> None:
    office = Office([NIGHTLY])
    lease = ExecutorLease(office.clock, 30.0)
    lease.renew(office.clock.monotonic_seconds())
    taking = Taking(office.ledger, "machine-1", lease=lease)
    was_held = lease.is_held()

    taking.hand_back(["unknown#1"])

    assert was_held
    assert not lease.is_held()


def test_an_attempt_whose_end_could_not_be_kept_finds_its_report_and_sends_no_other() -> None:
    office = Office()
    run_id = up_to_the_close(office)
    office.backend.meanwhile = lambda: office.state.commit_faults.append(FULL)
    with pytest.raises(StateUnavailable):
        office.work()
    assert office.run(run_id).state is RunState.RUNNING

    office.live_until(NIGHT + MINUTE)

    assert office.run(run_id).outcome is Outcome.ALREADY_CLOSED
    assert len(office.backend.bodies) == 1


def test_an_attempt_that_was_taken_over_meanwhile_does_not_tell_how_it_ends() -> None:
    office = Office()
    run_id = up_to_the_close(office)

    def lose() -> None:
        with office.ledger.turn() as turn:
            record = turn.state.runs.get(run_id)
            assert record is not None
            turn.requeue(record, "taken_up_again")

    office.backend.meanwhile = lose
    (work,) = office.queue.take_due(NIGHT)
    office.queue.perform(work)
    assert office.run(run_id).state is RunState.QUEUED
    office.work()

    run = office.run(run_id)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    assert len(office.backend.bodies) == 1


# What is told


def test_the_timeline_tells_all_that_happened_in_the_order_in_which_it_did() -> None:
    office = Office()
    run_id = up_to_the_close(office)
    office.backend.away = AWAY
    office.work()
    office.backend.away = None
    office.live_until(NIGHT + MINUTE)

    timeline = office.history.run(run_id).timeline

    assert [entry.name for entry in timeline] == [
        "job.dispatched",
        "job.taken",
        "job.started",
        "step.started",
        "step.failed",
        "job.failed",
        "job.retried",
        "job.taken",
        "job.started",
        "step.started",
        "report.sought",
        "step.started",
        "orders.read",
        "step.started",
        "report.submitted",
        "job.completed",
    ]
    told = [event for event in office.events(RunEvent) if isinstance(event, RunEvent)]
    assert [event.name for event in told if event.run.id == run_id] == [
        entry.name for entry in timeline
    ]


def test_lateness_is_told_of_the_first_attempt_at_what_came_by_itself_alone() -> None:
    office = Office([NIGHTLY], close_from=DAY - 3 * ONE_DAY)
    office.control.trigger("daily-close", "ana", NIGHT - 3 * ONE_DAY)
    office.work()
    for day in (DAY - 2 * ONE_DAY, DAY - ONE_DAY):
        office.enqueue_close(day)
    office.work()
    office.backend.away = AWAY
    office.live_until(NIGHT + MINUTE)

    taken = [event for event in office.events(JobTaken) if isinstance(event, JobTaken)]
    assert [(event.job, event.lateness_ms) for event in taken] == [
        (JobKind.NIGHT, None),
        (JobKind.CLOSE, None),
        (JobKind.CLOSE, None),
        (JobKind.CLOSE, None),
        (JobKind.NIGHT, 0.0),
        (JobKind.CLOSE, 0.0),
        (JobKind.CLOSE, None),
    ]


def test_the_time_in_the_queue_counts_from_when_the_attempt_was_due() -> None:
    office = Office([NIGHTLY])
    office.backend.away = AWAY
    office.live_until(NIGHT)
    office.sleep_until(NIGHT + 3 * MINUTE)
    office.work()

    last = office.events(JobTaken)[-1]
    assert isinstance(last, JobTaken)
    assert last.queued_ms == 2 * 60_000
