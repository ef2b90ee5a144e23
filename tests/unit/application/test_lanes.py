"""Lanes: which queue the closes of a tenant go through."""

from dataclasses import replace

import pytest

from aegis_batch.application.ports.work_queue import BACKFILL, CLOSES, JOBS, LANES, Lane
from aegis_batch.domain.run import JobKind, RunState, Trigger
from tests.unit.application.office import DAY, ONE_DAY, Office

BIG = Lane("closes@big")


def lane_of(office: Office, run_id: str) -> Lane:
    """Return the lane in which the work of a run waits."""
    return office.queue.intake.queued[office.run(run_id).work_id].lane


def enqueued(office: Office, queue: str | None, trigger: Trigger = Trigger.NIGHT) -> str:
    """Put a close into the queue that its tenant has."""
    pattern = office.run(office.enqueue_close(DAY - ONE_DAY))
    with office.ledger.turn() as turn:
        run_id = office.identifiers.new_run_id()
        turn.dispatch(
            replace(pattern, id=run_id, work_id=f"{run_id}#1", queue=queue, trigger=trigger)
        )
    return run_id


@pytest.mark.parametrize("name", ["closes", "jobs", "backfill", "closes@big", "closes@a.b-c_9"])
def test_a_lane_is_known_by_its_name(name: str) -> None:
    lane = Lane.named(name)

    assert lane == Lane(name)
    assert lane.is_of_a_queue is (lane not in LANES)


@pytest.mark.parametrize(
    "name", ["", "close", "jobs@big", "closes@", "closes@a b", "closes@\u00e9"]
)
def test_no_other_name_is_a_lane(name: str) -> None:
    with pytest.raises(ValueError, match="closes@NAME"):
        Lane.named(name)


@pytest.mark.parametrize(
    ("queue", "lane"),
    [("big", BIG), (None, CLOSES), ("", CLOSES), ("two words", CLOSES), ("x" * 51, CLOSES)],
)
def test_a_tenants_queue_is_a_lane_if_it_can_be_one(queue: str | None, lane: Lane) -> None:
    office = Office(close_from=DAY)

    assert lane_of(office, enqueued(office, queue)) == lane


def test_only_closes_go_through_it() -> None:
    office = Office(close_from=DAY)

    assert lane_of(office, enqueued(office, "big", Trigger.BACKFILL)) == BACKFILL
    assert lane_of(office, office.enqueue_close(DAY, JobKind.NIGHT)) == JOBS


def test_another_try_goes_through_the_same_queue() -> None:
    office = Office(close_from=DAY)
    run_id = enqueued(office, "big")
    record = office.run(run_id)
    with office.ledger.turn() as turn:
        turn.put_back([record], turn.now, "tenant_busy")

    assert lane_of(office, run_id) == BIG


def test_what_got_lost_goes_on_in_the_queue_of_all() -> None:
    office = Office(close_from=DAY)
    run_id = enqueued(office, "big")
    office.lose_work()

    assert office.reconcile.reconcile() == 2

    assert office.run(run_id).queue is None
    assert lane_of(office, run_id) == CLOSES
    office.work()
    assert office.run(run_id).state is RunState.SUCCEEDED
