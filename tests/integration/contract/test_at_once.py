"""What doing several things at the same time promises, in threads and one after the other."""

import threading
from collections.abc import Sequence

import pytest

from aegis_batch.adapters.outbound.memory.at_once import InMemoryAtOnce
from aegis_batch.adapters.outbound.system.at_once import SystemAtOnce
from aegis_batch.application.ports.at_once import AtOnce


@pytest.fixture(params=["memory", "one thread", "threads"])
def at_once(request: pytest.FixtureRequest) -> AtOnce:
    if request.param == "memory":
        return InMemoryAtOnce()
    return SystemAtOnce(1 if request.param == "one thread" else 4)


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_each_thing_is_done_once(at_once: AtOnce, count: int) -> None:
    done: list[int] = []

    def work(thing: int) -> int:
        done.append(thing)
        return thing * thing

    came = sorted(at_once.each(work, range(count)))

    assert came == [thing * thing for thing in range(count)]
    assert sorted(done) == list(range(count))


def test_what_is_raised_goes_on_to_the_caller(at_once: AtOnce) -> None:
    def work(thing: int) -> int:
        if thing == 2:
            raise LookupError("the second")
        return thing

    with pytest.raises(LookupError, match="the second"):
        list(at_once.each(work, range(9)))


def test_threads_really_work_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=10)

    def work(_: int) -> int:
        return together.wait()

    assert sorted(SystemAtOnce(4).each(work, range(4))) == [0, 1, 2, 3]


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_each_thing_is_gathered_once_and_all_of_them_together(at_once: AtOnce, count: int) -> None:
    gathered: list[list[int]] = []

    def gather(came: Sequence[int]) -> list[int]:
        gathered.append(sorted(came))
        return [thing + 1 for thing in came]

    came = sorted(at_once.together(_square, gather, _square, range(count)))

    assert came == [(thing * thing + 1) ** 2 for thing in range(count)]
    assert gathered == ([sorted(thing * thing for thing in range(count))] if count else [])


def test_who_is_late_holds_up_nobody_else() -> None:
    others_are_through = threading.Event()
    gathered: list[set[int]] = []
    through: list[int] = []

    def first(thing: int) -> int:
        if thing == 0:
            assert others_are_through.wait(20)
        return thing

    def gather(came: Sequence[int]) -> Sequence[int]:
        gathered.append(set(came))
        return came

    for thing in SystemAtOnce(4, patience_seconds=0.05).together(first, gather, _itself, range(9)):
        through.append(thing)
        if len(through) == 8:
            others_are_through.set()

    assert through[8:] == [0]
    assert set.union(*gathered) == set(range(9))
    assert gathered[-1] == {0}


def test_where_all_take_long_nobody_is_late() -> None:
    gathered: list[list[int]] = []

    def gather(came: Sequence[int]) -> Sequence[int]:
        gathered.append(sorted(came))
        return came

    def first(thing: int) -> int:
        threading.Event().wait(0.3 if thing < 2 else 0.15)
        return thing

    at_once = SystemAtOnce(2, patience_seconds=0.05)

    assert sorted(at_once.together(first, gather, _itself, range(4))) == [0, 1, 2, 3]
    assert gathered == [[0, 1, 2, 3]]


@pytest.mark.parametrize("raises", ["first", "gather", "then"])
def test_what_is_raised_at_any_stage_goes_on_to_the_caller(at_once: AtOnce, raises: str) -> None:
    def at(stage: str, thing: int) -> int:
        if stage == raises and thing == 2:
            raise LookupError(stage)
        return thing

    with pytest.raises(LookupError, match=raises):
        list(
            at_once.together(
                lambda thing: at("first", thing),
                lambda came: [at("gather", thing) for thing in came],
                lambda thing: at("then", thing),
                range(9),
            )
        )


def _square(thing: int) -> int:
    return thing * thing


def _itself(thing: int) -> int:
    return thing
