"""What every work queue promises, for the durable engine and the one in memory."""

from datetime import timedelta

from aegis_batch.application.ports.work_queue import JOBS, Lane
from tests.integration.work_places import Performed, WorkPlace, work


def test_work_is_carried_out_with_the_ids_of_its_run_and_its_own(
    place: WorkPlace, performed: Performed
) -> None:
    place.queue.start(performed.carry_out)
    with place.turn() as intake:
        intake.enqueue(work("first"))
    place.settle()

    assert performed.ids == ["first"]
    assert performed.run_ids == ["run-of-first"]


def test_work_queued_before_the_start_is_taken_up_by_it(
    place: WorkPlace, performed: Performed
) -> None:
    with place.turn() as intake:
        intake.enqueue(work("early"))
    place.queue.start(performed.carry_out)
    place.settle()

    assert performed.ids == ["early"]


def test_each_of_many_is_carried_out_once(place: WorkPlace, performed: Performed) -> None:
    place.queue.start(performed.carry_out)
    with place.turn() as intake:
        for number in range(15):
            intake.enqueue(work(f"closes-{number}"))
            intake.enqueue(work(f"jobs-{number}", lane=JOBS))
    place.settle()

    assert len(performed.counts) == 30
    assert set(performed.counts.values()) == {1}


def test_work_does_not_begin_before_it_is_due(place: WorkPlace, performed: Performed) -> None:
    place.queue.start(performed.carry_out)
    due_at = place.now() + timedelta(days=1)
    with place.turn() as intake:
        intake.enqueue(work("tomorrow", due_at=due_at))
        intake.enqueue(work("today"))
    place.settle()

    assert performed.ids == ["today"]
    assert list(place.queue.lost(["tomorrow"])) == []


def test_the_smaller_rank_begins_first(place: WorkPlace, performed: Performed) -> None:
    with place.turn() as intake:
        for rank in (2_147_483_647, 3, 700, 1, 20):
            intake.enqueue(work(f"rank-{rank}", rank=rank))
    with place.turn() as intake:
        intake.enqueue(work("rank-2", rank=2))
    place.queue.start(performed.carry_out)
    place.settle()

    ranks = [int(work_id.removeprefix("rank-")) for work_id in performed.ids]
    assert ranks == [1, 2, 3, 20, 700, 2_147_483_647]


def test_what_is_unknown_or_ended_is_lost_and_what_waits_is_not(
    place: WorkPlace, performed: Performed
) -> None:
    place.queue.start(performed.carry_out)
    with place.turn() as intake:
        intake.enqueue(work("ended"))
    place.settle()
    with place.turn() as intake:
        intake.enqueue(work("waiting", due_at=place.now() + timedelta(days=1)))

    assert sorted(place.queue.lost(["ended", "waiting", "unknown"])) == ["ended", "unknown"]
    assert list(place.queue.lost([])) == []


def test_of_very_many_ids_those_that_wait_are_found(place: WorkPlace) -> None:
    waiting = [f"waiting-{number}" for number in range(0, 1_200, 3)]
    with place.turn() as intake:
        for work_id in waiting:
            intake.enqueue(work(work_id, due_at=place.now() + timedelta(days=1)))

    lost = place.queue.lost([f"waiting-{number}" for number in range(1_200)])

    assert len(lost) == 800
    assert set(lost).isdisjoint(waiting)


def test_work_under_way_is_not_lost(place: WorkPlace) -> None:
    told: list[list[str]] = []

    def carry_out(_: str, work_id: str) -> None:
        told.append(list(place.queue.lost([work_id, "unknown"])))

    place.queue.start(carry_out)
    with place.turn() as intake:
        intake.enqueue(work("under-way"))
    place.settle()

    assert told == [["unknown"]]


def test_work_may_queue_more_work(place: WorkPlace) -> None:
    seen: list[str] = []

    def carry_out(_: str, work_id: str) -> None:
        seen.append(work_id)
        if len(seen) < 4:
            with place.turn() as intake:
                intake.enqueue(work(f"{work_id}+"))

    place.queue.start(carry_out)
    with place.turn() as intake:
        intake.enqueue(work("a"))
    place.settle()

    assert seen == ["a", "a+", "a++", "a+++"]


def test_a_stopped_queue_begins_nothing_and_the_next_start_does(
    place: WorkPlace, performed: Performed
) -> None:
    place.queue.start(performed.carry_out)
    assert list(place.queue.stop(1.0)) == []
    with place.turn() as intake:
        intake.enqueue(work("later"))

    assert list(place.queue.lost(["later"])) == []
    assert performed.ids == []
    place.queue.start(performed.carry_out)
    place.settle()
    assert performed.ids == ["later"]


def test_work_in_the_lanes_of_tenants_queues_is_carried_out_too(
    place: WorkPlace, performed: Performed
) -> None:
    with place.turn() as intake:
        intake.enqueue(work("early", lane=Lane("closes@big")))
    place.queue.start(performed.carry_out)
    place.settle()
    with place.turn() as intake:
        intake.enqueue(work("late", lane=Lane("closes@new")))
        intake.enqueue(work("beside", lane=Lane("closes@big")))
    place.queue.widen()
    place.settle()

    assert sorted(performed.ids) == ["beside", "early", "late"]


def test_what_waits_in_the_lane_of_a_queue_is_not_lost(
    place: WorkPlace, performed: Performed
) -> None:
    place.queue.start(performed.carry_out)
    tomorrow = place.now() + timedelta(days=1)
    with place.turn() as intake:
        intake.enqueue(work("waiting", lane=Lane("closes@new"), due_at=tomorrow))
    place.queue.widen()

    assert list(place.queue.lost(["waiting"])) == []
