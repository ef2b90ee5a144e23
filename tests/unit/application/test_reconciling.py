"""The ledger held against the work queue: nothing waits for work that never comes."""

from collections.abc import Callable, Collection
from dataclasses import replace

from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.nights_of_one import NightsOfOne
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.domain.job_events import JobRetried
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Overlap
from tests.unit.application.office import (
    AWAY,
    DAY,
    HOUR,
    HOURLY,
    MINUTE,
    NIGHTLY,
    NOON,
    ONE_DAY,
    Office,
)

NIGHT = NOON + 14 * HOUR


class SlowQueue:
    """A queue that takes so long to say what it has lost that the run ends meanwhile."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def start(self, carry_out: Callable[[str, str], None]) -> None:
        self._office.queue.start(carry_out)

    def stop(self, drain_seconds: float) -> Collection[str]:
        return self._office.queue.stop(drain_seconds)

    def lost(self, work_ids: Collection[str]) -> Collection[str]:
        self._office.work()
        return self._office.queue.lost(work_ids)

    def widen(self) -> None:
        self._office.queue.widen()


def an_office_at_night() -> Office:
    office = Office([NIGHTLY])
    office.sleep_until(NIGHT)
    office.fire()
    return office


def test_where_nothing_is_lost_nothing_changes() -> None:
    office = an_office_at_night()

    assert office.reconcile.reconcile() == 0
    office.live_until(NIGHT)
    assert office.reconcile.reconcile() == 0
    assert office.events(JobRetried) == []


def test_lost_work_is_queued_anew_and_is_the_same_attempt() -> None:
    office = an_office_at_night()
    office.lose_work()

    assert office.reconcile.reconcile() == 1
    assert office.reconcile.reconcile() == 0
    office.work()

    (night, close) = office.runs()
    assert (night.state, night.attempt, night.requeues) == (RunState.SUCCEEDED, 1, 1)
    assert close.state is RunState.SUCCEEDED
    (retried,) = office.events(JobRetried)
    assert isinstance(retried, JobRetried)
    assert retried.code == "taken_up_again"


def test_lost_work_of_a_waiting_run_keeps_to_its_time() -> None:
    office = an_office_at_night()
    office.backend.away = AWAY
    office.work()
    due_at = NIGHT + MINUTE
    (close,) = office.runs(JobKind.CLOSE)
    with office.ledger.turn() as turn:
        turn.state.work.withdraw(close.work_id)

    assert office.reconcile.reconcile() == 1

    again = office.run(close.id)
    assert (again.state, again.due_at) == (RunState.WAITING, due_at)
    assert office.queue.next_due_at() == due_at


def test_work_that_gets_lost_again_and_again_is_a_dead_letter() -> None:
    office = an_office_at_night()
    for _ in range(4):
        office.lose_work()
        office.reconcile.reconcile()

    (night,) = office.runs()
    assert (night.state, night.outcome) == (RunState.FAILED, Outcome.DEFECT)
    (letter,) = office.letters()
    assert letter.problem.code == "work_lost"
    assert "4 times" in letter.problem.message
    assert office.told() == ["job.sent_to_dlq", "night.failed"]


def test_losses_are_counted_for_each_attempt_alone() -> None:
    office = an_office_at_night()
    office.backend.away = AWAY
    office.work()
    (close,) = office.runs(JobKind.CLOSE)
    for attempt in range(1, 6):
        office.sleep_until(office.run(close.id).due_at)
        office.lose_work()
        office.reconcile.reconcile()
        assert office.run(close.id).requeues == 1
        office.work()
        assert office.run(close.id).attempt == attempt + 1

    assert office.letters() == []
    assert office.closes() == [(DAY, RunState.WAITING)]


def test_what_breaks_off_after_it_was_cancelled_is_not_begun_again() -> None:
    office = Office([replace(HOURLY, overlap=Overlap.CANCEL_OTHER)], close_from=DAY - ONE_DAY)
    office.sleep_until(NOON + HOUR)
    office.fire()

    class KilledError(BaseException):
        pass

    def cancel_and_die() -> None:
        office.sleep_until(NOON + 2 * HOUR)
        office.fire()
        raise KilledError

    office.backend.meanwhile = cancel_and_die
    try:
        office.work()
    except KilledError:
        office.restart()
    office.lose_work()
    office.reconcile.reconcile()

    cancelled, other = office.runs(JobKind.NIGHT)
    assert cancelled.state is RunState.CANCELLED
    assert other.state is RunState.QUEUED
    assert office.letters() == []


def test_a_run_that_has_gone_on_since_it_was_looked_at_is_left_alone() -> None:
    office = an_office_at_night()
    (night,) = office.runs()
    after_run = AfterRun(
        NightsOfOne(office.expectation, office.backend.identity), office.backfilling
    )
    reconcile = ReconcileUseCase(office.ledger, SlowQueue(office), after_run)

    assert reconcile.reconcile() == 1

    assert office.run(night.id).state is RunState.SUCCEEDED
    assert office.events(JobRetried) == []


def test_what_gets_lost_under_way_leaves_its_lease_to_whoever_comes_next() -> None:
    office = an_office_at_night()
    office.work()
    run_id = office.enqueue_close(DAY - ONE_DAY)
    [work] = office.queue.take_due(office.clock.now())
    [begun] = office.taking.take(work.id)
    office.queue.start(lambda _run_id, _work_id: None)
    office.queue.take_due(office.clock.now())
    office.queue.perform(work)

    office.reconcile.reconcile()

    with office.state.look() as turn:
        assert not turn.leases.holders(f"{begun.key.tenant}\t")
    assert office.run(run_id).requeues == 1


def test_what_another_that_lives_is_at_is_left_for_it_to_put_right() -> None:
    office = an_office_at_night()
    office.work()
    run_id = office.enqueue_close(DAY - ONE_DAY)
    [work] = office.queue.take_due(office.clock.now())
    office.taking.take(work.id)
    office.queue.start(lambda _run_id, _work_id: None)
    office.queue.take_due(office.clock.now())
    # Somebody was given the same work, found it in other hands, and ended it.
    office.queue.perform(work)
    after_run = AfterRun(
        NightsOfOne(office.expectation, office.backend.identity), office.backfilling
    )

    def reconciled_by(executor: str) -> int:
        ReconcileUseCase(office.ledger, office.queue, after_run, executor).reconcile()
        return office.run(run_id).requeues

    assert reconciled_by("machine-2") == 0
    with office.state.look() as turn:
        assert turn.executors.living() == {"machine-1"}
        assert turn.leases.holders("")
    assert reconciled_by("machine-1") == 1
