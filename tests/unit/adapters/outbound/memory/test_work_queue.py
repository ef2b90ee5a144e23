"""How the queue in memory is driven, and what it promises to whoever drives it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.work_queue import CLOSES, JOBS, Lane, Work

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Killed(BaseException):
    """The end of a process, which nothing in it can see."""


def work(name: str, rank: int = 1, lane: Lane = CLOSES, due_at: datetime = NOON) -> Work:
    return Work(id=name, run_id=f"run of {name}", lane=lane, due_at=due_at, rank=rank)


class Driven:
    """A queue beside its state, and what was carried out."""

    def __init__(self) -> None:
        self.queue = InMemoryWorkQueue()
        self.state = InMemoryState(self.queue)
        self.done: list[tuple[str, str]] = []

    def carry_out(self, run_id: str, work_id: str) -> None:
        self.done.append((run_id, work_id))

    def enqueue(self, *works: Work) -> None:
        with self.state.turn() as turn:
            for each in works:
                turn.work.enqueue(each)


@pytest.fixture
def driven() -> Driven:
    return Driven()


def names(works: list[Work]) -> list[str]:
    return [each.id for each in works]


def test_nothing_is_due_before_the_queue_is_started(driven: Driven) -> None:
    driven.enqueue(work("a"))

    assert driven.queue.take_due(NOON) == []
    driven.queue.start(driven.carry_out)
    assert names(driven.queue.take_due(NOON)) == ["a"]


def test_due_work_comes_lane_by_lane_in_the_order_of_rank(driven: Driven) -> None:
    driven.queue.start(driven.carry_out)
    driven.enqueue(
        work("late", due_at=NOON + SECOND),
        work("c", rank=3),
        work("job", lane=JOBS),
        work("b", rank=2, due_at=NOON - SECOND),
        work("a", rank=2, due_at=NOON - 2 * SECOND),
    )

    assert names(driven.queue.take_due(NOON)) == ["a", "b", "c", "job"]
    assert driven.queue.next_due_at() == NOON + SECOND


def test_work_is_taken_once_and_done_when_it_returns(driven: Driven) -> None:
    driven.queue.start(driven.carry_out)
    driven.enqueue(work("a"))

    [taken] = driven.queue.take_due(NOON)
    assert driven.queue.take_due(NOON) == []
    assert driven.queue.lost(["a", "unknown"]) == ["unknown"]
    driven.queue.perform(taken)

    assert driven.done == [("run of a", "a")]
    assert driven.queue.lost(["a"]) == ["a"]
    driven.enqueue(work("a"))
    assert driven.queue.take_due(NOON) == []


def test_an_id_that_is_known_changes_nothing(driven: Driven) -> None:
    driven.queue.start(driven.carry_out)
    driven.enqueue(work("a"))
    driven.enqueue(replace(work("a"), rank=7))

    assert driven.queue.take_due(NOON) == [work("a")]


def test_work_that_was_withdrawn_never_comes_and_is_lost(driven: Driven) -> None:
    driven.queue.start(driven.carry_out)
    driven.enqueue(work("a"), work("b"))
    [first, _] = driven.queue.take_due(NOON)
    driven.enqueue(work("c"))
    with driven.state.turn() as turn:
        turn.work.withdraw("a")
        turn.work.withdraw("c")
        turn.work.withdraw("unknown")

    assert driven.queue.take_due(NOON) == []
    assert driven.queue.lost(["a", "b", "c"]) == ["c"]
    driven.queue.perform(first)
    assert driven.done == [("run of a", "a")]


def test_a_turn_that_ends_badly_queues_and_withdraws_nothing(driven: Driven) -> None:
    driven.queue.start(driven.carry_out)
    driven.enqueue(work("kept"))

    def turn_that_breaks_off() -> None:
        with driven.state.turn() as turn:
            turn.work.enqueue(work("never"))
            turn.work.withdraw("kept")
            raise Killed

    with pytest.raises(Killed):
        turn_that_breaks_off()

    assert names(driven.queue.take_due(NOON)) == ["kept"]
    assert driven.queue.lost(["never"]) == ["never"]


def test_work_that_a_crash_broke_off_comes_first_after_the_next_start(driven: Driven) -> None:
    def die(run_id: str, work_id: str) -> None:
        raise Killed(run_id, work_id)

    driven.queue.start(die)
    driven.enqueue(work("b", rank=2))
    [taken] = driven.queue.take_due(NOON)
    with pytest.raises(Killed):
        driven.queue.perform(taken)
    driven.enqueue(work("a", rank=1))
    assert driven.queue.lost(["a", "b"]) == []

    driven.queue.start(driven.carry_out)
    assert names(driven.queue.due(NOON)) == ["b", "a"]
    # The clock may have gone back meanwhile: what had begun was due.
    assert names(driven.queue.take_due(NOON - SECOND)) == ["b"]


def test_an_error_of_the_work_loses_it_and_is_seen(driven: Driven) -> None:
    def fail(run_id: str, work_id: str) -> None:
        raise ZeroDivisionError(run_id, work_id)

    driven.queue.start(fail)
    driven.enqueue(work("a"))
    with pytest.raises(ZeroDivisionError):
        driven.queue.perform(driven.queue.take_due(NOON)[0])

    assert driven.queue.lost(["a"]) == ["a"]


def test_a_stop_hands_back_what_was_taken(driven: Driven) -> None:
    driven.queue.start(driven.carry_out)
    driven.enqueue(work("a"), work("b", due_at=NOON + SECOND))
    [taken] = driven.queue.take_due(NOON)

    assert driven.queue.stop(1) == ["a"]
    assert driven.queue.take_due(NOON + SECOND) == []
    with pytest.raises(RuntimeError):
        driven.queue.perform(taken)
    driven.queue.start(driven.carry_out)
    assert names(driven.queue.take_due(NOON + SECOND)) == ["a", "b"]


def test_work_may_queue_other_work(driven: Driven) -> None:
    def follow(run_id: str, work_id: str) -> None:
        driven.carry_out(run_id, work_id)
        if work_id == "a":
            driven.enqueue(work("b"))

    driven.queue.start(follow)
    driven.enqueue(work("a"))
    while taken := driven.queue.take_due(NOON):
        for each in taken:
            driven.queue.perform(each)

    assert driven.done == [("run of a", "a"), ("run of b", "b")]


def test_queueing_outside_of_a_turn_is_a_defect(driven: Driven) -> None:
    with pytest.raises(RuntimeError, match="outside of a turn"):
        driven.queue.intake.enqueue(work("a"))
