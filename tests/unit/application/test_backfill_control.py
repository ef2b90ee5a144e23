"""What people do about backfills: look, cancel, resume."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aegis_batch.application.backfill_control import BackfillProgress
from aegis_batch.application.backfill_heart import BackfillHeart
from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.takeover import TakeOverUseCase
from aegis_batch.domain.backfill import Backfill, BackfillState, Fate
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.run import RunState
from tests.living import a_heartbeat
from tests.unit.application.office import AWAY, DAY, HOUR, NOON, ONE_DAY, Office

LAST = DAY - 10 * ONE_DAY
DAYS = [LAST + place * ONE_DAY for place in range(-5, 1)]


def planned(office: Office, **changes: object) -> Backfill:
    request = BackfillRequest(first_day=DAYS[0], last_day=LAST, **changes)  # type: ignore[arg-type]
    return office.planning.plan(request, "ana").backfill


def started(office: Office, **changes: object) -> Backfill:
    return office.planning.start(planned(office, **changes).id, "ana").backfill


def perform(office: Office, count: int) -> None:
    """Carry out so many pieces of work, one after the other."""
    for _ in range(count):
        office.queue.perform(office.queue.take_due(office.clock.now())[0])
        office.queue.start(office.carrying_out.carry_out)


def states(office: Office) -> list[RunState]:
    return [run.state for run in office.runs()]


def refused(office: Office, deed: str, backfill_id: str) -> InvalidRequest:
    arguments = (backfill_id, "ana", "no") if deed == "cancel" else (backfill_id, "ana")
    with pytest.raises(InvalidRequest) as caught:
        getattr(office.backfills, deed)(*arguments)
    return caught.value


def test_progress_counts_what_is_queued_and_what_waits() -> None:
    office = Office([])
    backfill = started(office)
    assert office.backfills.progress(backfill.id).in_flight.active == 2

    office.backend.away = AWAY
    office.work()

    progress = office.backfills.progress(backfill.id)
    assert (progress.in_flight.active, progress.in_flight.waiting) == (0, 6)
    assert not progress.is_over


def test_cancelled_it_starts_no_more_and_what_waits_is_cancelled() -> None:
    office = Office([])
    backfill = started(office)
    perform(office, 2)

    cancelled = office.backfills.cancel(backfill.id, "maria", "the wrong year")
    office.work()

    assert cancelled.state is BackfillState.CANCELLED
    assert office.closed_days() == DAYS[:2]
    assert states(office) == [RunState.SUCCEEDED] * 2 + [RunState.CANCELLED] * 2
    progress = office.backfills.progress(backfill.id)
    assert (progress.backfill.done, progress.backfill.remaining, progress.is_over) == (2, 4, True)
    entry = office.history.audit(1)[0]
    assert (entry.operator, entry.action) == ("maria", "backfill.cancel")
    assert (entry.subject, entry.reason) == (backfill.id, "the wrong year")


@pytest.mark.parametrize("newest_first", [False, True])
def test_resumed_it_does_all_that_was_not_done_in_its_order(*, newest_first: bool) -> None:
    office = Office([])
    backfill = started(office, newest_first=newest_first)
    perform(office, 2)
    office.backfills.cancel(backfill.id, "maria", "not now")

    resumed = office.backfills.resume(backfill.id, "ana")
    office.work()

    assert resumed.state is BackfillState.RUNNING
    assert office.closed_days() == (DAYS[::-1] if newest_first else DAYS)
    ended = office.backfills.view(backfill.id).backfill
    assert (ended.state, ended.done) == (BackfillState.ENDED, 6)
    actions = [entry.action for entry in office.history.audit(9)]
    assert actions == ["backfill.resume", "backfill.cancel", "backfill.start"]


def test_what_is_under_way_when_it_is_cancelled_ends_and_counts() -> None:
    office = Office([])
    backfill = started(office)
    office.backend.meanwhile = lambda: office.backfills.cancel(backfill.id, "ana", "no")

    office.work()

    assert office.closed_days() == DAYS[:1]
    progress = office.backfills.progress(backfill.id)
    assert (progress.backfill.state, progress.backfill.done) == (BackfillState.CANCELLED, 1)


def test_what_fails_under_way_after_the_cancelling_is_not_tried_again_until_it_is_resumed() -> None:
    office = Office([])
    backfill = started(office)

    def cancel_and_fail() -> None:
        office.backfills.cancel(backfill.id, "ana", "no")
        office.backend.fail_once()

    office.backend.meanwhile = cancel_and_fail
    office.live_until(NOON + HOUR)
    assert states(office) == [RunState.CANCELLED] * 2
    assert office.backfills.progress(backfill.id).backfill.remaining == 6

    office.backfills.resume(backfill.id, "ana")
    office.work()

    assert office.closed_days() == DAYS


def test_a_run_that_waits_for_its_next_attempt_is_cancelled_too() -> None:
    office = Office([])
    backfill = started(office)
    office.backend.away = AWAY
    office.work()
    office.backend.away = None

    office.backfills.cancel(backfill.id, "ana", "no")
    office.live_until(NOON + HOUR)

    assert set(states(office)) == {RunState.CANCELLED}
    assert office.closed_days() == []
    office.backfills.resume(backfill.id, "ana")
    office.work()
    assert office.closed_days() == DAYS


def test_cancelled_twice_nothing_happens_the_second_time() -> None:
    office = Office([])
    backfill = started(office)
    first = office.backfills.cancel(backfill.id, "ana", "no")
    assert office.queue.due(office.clock.now()) == []

    assert office.backfills.cancel(backfill.id, "maria", "no, no") == first
    assert len(office.history.audit(9)) == 2


def test_resuming_what_runs_changes_nothing() -> None:
    office = Office([])
    backfill = started(office)

    assert office.backfills.resume(backfill.id, "maria") == backfill
    assert len(office.runs()) == 2


def test_whoever_takes_up_what_no_process_carries_out_stands_in_the_audit_each_time() -> None:
    office = Office([])
    backfill = started(office)

    office.backfills.resume(backfill.id, "maria")
    office.backfills.resume(backfill.id, "maria", is_left_alone=True)
    office.backfills.cancel(backfill.id, "ana", "no")
    office.backfills.resume(backfill.id, "ana", is_left_alone=True)

    entries = [(entry.action, entry.operator) for entry in office.history.audit(9)]
    assert entries == [
        ("backfill.resume", "ana"),
        ("backfill.cancel", "ana"),
        ("backfill.resume", "maria"),
        ("backfill.start", "ana"),
    ]


def test_a_plan_that_never_ran_can_be_cancelled_and_not_be_resumed() -> None:
    office = Office([])
    plan = planned(office)
    assert refused(office, "resume", plan.id).code == "backfill_not_started"

    office.backfills.cancel(plan.id, "ana", "no")

    error = refused(office, "resume", plan.id)
    assert (error.code, error.remedy) == ("backfill_cancelled", "Plan the range again.")


def test_what_was_cancelled_is_resumed_and_not_started() -> None:
    office = Office([])
    backfill = started(office)
    office.backfills.cancel(backfill.id, "ana", "no")

    with pytest.raises(InvalidRequest) as caught:
        office.planning.start(backfill.id, "ana")

    assert f"backfill resume {backfill.id}" in caught.value.remedy


@pytest.mark.parametrize("deed", ["cancel", "resume"])
def test_what_has_ended_or_is_unknown_is_refused(deed: str) -> None:
    office = Office([])
    backfill = started(office)
    office.work()

    assert refused(office, deed, backfill.id).code == "backfill_ended"
    assert refused(office, deed, "nothing").code == "unknown_plan"


def test_cancelling_needs_a_reason() -> None:
    office = Office([])
    backfill = started(office)

    with pytest.raises(InvalidRequest) as caught:
        office.backfills.cancel(backfill.id, "ana", " ")

    assert caught.value.code == "reason_missing"
    assert office.backfills.progress(backfill.id).backfill == backfill


def test_a_failed_period_whose_run_is_gone_is_shown_without_a_reason() -> None:
    office = Office([])
    backfill = started(office)
    with office.state.turn() as turn:
        first = turn.backfills.periods(backfill.id, None, 1)[0]
        turn.backfills.save(backfill, [replace(first, run_id="gone", fate=Fate.FAILED)])

    [not_done] = office.backfills.view(backfill.id).not_done

    assert (not_done.outcome, not_done.problem) == (None, None)


def heart_of(
    office: Office, backfill: Backfill, told: list[BackfillProgress], *, is_wanted: bool = False
) -> BackfillHeart:
    return BackfillHeart(
        heartbeat=a_heartbeat(office.pulse, office.clock, "backfilling"),
        take_over=None,
        reconcile=office.reconcile,
        control=office.backfills,
        clock=office.clock,
        backfill_id=backfill.id,
        tell=told.append,
        is_wanted=lambda: is_wanted,
    )


def test_the_heart_of_a_backfill_beats_until_it_is_over_and_fires_nothing() -> None:
    office = Office()
    backfill = started(office)
    told: list[BackfillProgress] = []
    heart = heart_of(office, backfill, told)
    office.clock.advance(ONE_DAY)

    assert heart.beat() < 1
    assert not heart.is_over()
    office.work()
    heart.beat()

    assert heart.is_over()
    assert [progress.backfill.done for progress in told] == [0, 6]
    assert office.occurrences("daily-close") == []
    living = {each.name for each in office.pulse.signs(9).executors if each.is_living}
    assert living == {"backfilling", "machine-1"}
    heart.stop()
    living = {each.name for each in office.pulse.signs(9).executors if each.is_living}
    assert living == {"machine-1"}


def test_the_heart_of_a_backfill_that_is_alone_is_not_silent_for_its_lease() -> None:
    office = Office()
    heart = heart_of(office, started(office), [])
    for _ in range(90):
        heart.beat()
        office.clock.advance(timedelta(seconds=1))

    [sign] = [each for each in office.pulse.signs(9).executors if each.name == "backfilling"]
    assert office.clock.now() - sign.beaten_at < timedelta(seconds=sign.lease_seconds / 2)


def test_the_heart_of_a_backfill_is_over_where_a_process_that_serves_waits_for_its_state() -> None:
    office = Office()
    backfill = started(office)
    heart = heart_of(office, backfill, [], is_wanted=True)

    heart.beat()

    assert heart.is_over()
    assert office.backfills.progress(backfill.id).backfill.remaining == 6


def test_the_heart_of_a_backfill_takes_up_what_the_queue_has_lost_each_minute() -> None:
    office = Office([])
    backfill = started(office)
    heart = heart_of(office, backfill, [])
    heart.beat()
    office.lose_work()
    heart.beat()
    office.work()
    assert office.closed_days() == []

    office.clock.advance(HOUR)
    heart.beat()
    office.work()

    assert office.closed_days() == DAYS


def test_the_heart_of_a_backfill_takes_over_what_another_process_left_behind() -> None:
    office = Office([])
    dead = a_heartbeat(office.pulse, office.clock, "m/1", lease_seconds=30.0)
    assert dead.beat()
    ours = a_heartbeat(office.pulse, office.clock, "m/2", lease_seconds=30.0)
    take_over = TakeOverUseCase(
        office.ledger, office.pulse, office.clock, ours.lease, ours.executor
    )
    heart = BackfillHeart(
        heartbeat=ours,
        take_over=take_over,
        reconcile=office.reconcile,
        control=office.backfills,
        clock=office.clock,
        backfill_id=started(office).id,
        tell=lambda _: None,
        is_wanted=lambda: False,
    )
    for _ in range(31):
        assert office.heartbeat.beat()
        assert ours.beat()
        heart.beat()
        office.clock.advance(timedelta(seconds=1))

    assert [each.name for each in office.pulse.signs(9).executors if each.buried] == ["m/1"]
