"""What every work queue promises, for the durable engine and the one in memory."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aegis_batch.application.ports.work_queue import Lane, WorkIntake
from tests.integration.work_places import InMemoryPlace, Performed, WorkPlace, dbos_place, work


class Abandoned(Exception):  # noqa: N818 - what makes a turn end badly
    """A turn is broken off."""


@pytest.fixture(params=["dbos", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkPlace]:
    made = dbos_place(tmp_path) if request.param == "dbos" else InMemoryPlace()
    yield made
    made.close()


@pytest.fixture
def performed() -> Performed:
    return Performed()


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


def test_work_of_a_turn_that_is_undone_never_was(place: WorkPlace, performed: Performed) -> None:
    place.queue.start(performed.carry_out)
    with pytest.raises(Abandoned):
        _undone(place, lambda intake: intake.enqueue(work("undone")))
    with place.turn() as intake:
        intake.enqueue(work("done"))
    place.settle()

    assert performed.ids == ["done"]
    assert list(place.queue.lost(["undone", "done"])) == ["undone", "done"]


def test_each_of_many_is_carried_out_once(place: WorkPlace, performed: Performed) -> None:
    place.queue.start(performed.carry_out)
    with place.turn() as intake:
        for number in range(15):
            intake.enqueue(work(f"closes-{number}"))
            intake.enqueue(work(f"jobs-{number}", lane=Lane.JOBS))
    place.settle()

    assert len(performed.counts) == 30
    assert set(performed.counts.values()) == {1}


def test_an_id_that_waits_already_changes_nothing(place: WorkPlace, performed: Performed) -> None:
    with place.turn() as intake:
        intake.enqueue(work("twice", rank=2))
        intake.enqueue(work("between", rank=3))
        intake.enqueue(work("twice", rank=9))
    with place.turn() as intake:
        intake.enqueue(work("twice", rank=9))
    place.queue.start(performed.carry_out)
    place.settle()

    assert performed.ids == ["twice", "between"]


def test_an_id_that_was_carried_out_changes_nothing(place: WorkPlace, performed: Performed) -> None:
    place.queue.start(performed.carry_out)
    for _ in range(2):
        with place.turn() as intake:
            intake.enqueue(work("again"))
        place.settle()

    assert performed.ids == ["again"]


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


def test_withdrawn_work_never_begins_and_is_lost(place: WorkPlace, performed: Performed) -> None:
    tomorrow = place.now() + timedelta(days=1)
    with place.turn() as intake:
        for work_id in ("kept", "withdrawn", "withdrawn-at-once"):
            intake.enqueue(work(work_id))
        intake.enqueue(work("withdrawn-of-tomorrow", due_at=tomorrow))
        intake.withdraw("withdrawn-at-once")
    with place.turn() as intake:
        intake.withdraw("withdrawn")
        intake.withdraw("withdrawn-of-tomorrow")
    place.queue.start(performed.carry_out)
    place.settle()

    assert performed.ids == ["kept"]
    gone = ["withdrawn", "withdrawn-at-once", "withdrawn-of-tomorrow"]
    assert list(place.queue.lost(gone)) == gone


def test_a_withdrawal_in_a_turn_that_is_undone_never_was(
    place: WorkPlace, performed: Performed
) -> None:
    with place.turn() as intake:
        intake.enqueue(work("kept"))
    with pytest.raises(Abandoned):
        _undone(place, lambda intake: intake.withdraw("kept"))
    place.queue.start(performed.carry_out)
    place.settle()

    assert performed.ids == ["kept"]


def test_withdrawing_what_is_done_or_unknown_changes_nothing(
    place: WorkPlace, performed: Performed
) -> None:
    place.queue.start(performed.carry_out)
    with place.turn() as intake:
        intake.enqueue(work("done"))
    place.settle()
    with place.turn() as intake:
        intake.withdraw("done")
        intake.withdraw("unknown")
        intake.enqueue(work("next"))
    place.settle()

    assert performed.ids == ["done", "next"]


def test_withdrawn_work_can_not_be_queued_again(place: WorkPlace, performed: Performed) -> None:
    with place.turn() as intake:
        intake.enqueue(work("withdrawn"))
        intake.withdraw("withdrawn")
    with place.turn() as intake:
        intake.enqueue(work("withdrawn"))
    place.queue.start(performed.carry_out)
    place.settle()

    assert performed.ids == []


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


def _undone(place: WorkPlace, do: Callable[[WorkIntake], None]) -> None:
    with place.turn() as intake:
        do(intake)
        raise Abandoned
