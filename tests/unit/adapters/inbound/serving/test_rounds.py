"""Rounds: one after the other, whatever goes wrong in one."""

import json
import threading
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from loguru import logger

from aegis_batch.adapters.inbound.serving.rounds import Rounds
from aegis_batch.adapters.outbound.logs.lines import json_line
from aegis_batch.domain.errors import StateUnavailable

if TYPE_CHECKING:
    from loguru import Message

PATIENCE_SECONDS = 30.0
AWAY = StateUnavailable("state_locked", "It is locked.", "Wait.")


class Deed:
    """Does as it is told to, round by round: so much, or fails; and then nothing."""

    def __init__(self, *rounds: int | Exception) -> None:
        self._rounds = iter(rounds)
        self._done = threading.Semaphore(0)
        self.goes_on: list[bool] = []

    def go_round(self, go_on: Callable[[], bool]) -> bool:
        self.goes_on.append(go_on())
        self._done.release()
        found = next(self._rounds, 0)
        if isinstance(found, Exception):
            raise found
        return found > 0

    def wait_for(self, rounds: int) -> None:
        for _ in range(rounds):
            assert self._done.acquire(timeout=PATIENCE_SECONDS)

    def every(self, seconds: float) -> Rounds:
        return Rounds(self.go_round, seconds, event="deeds.failed", told="it can't be done now")


@pytest.fixture
def logged() -> Callable[[], list[tuple[str, str, str]]]:
    stream = StringIO()

    def write(message: "Message") -> None:
        stream.write(json_line(message.record) + "\n")

    def told() -> list[tuple[str, str, str]]:
        lines = map(json.loads, stream.getvalue().splitlines())
        return [(line["event"], line["code"], line["message"]) for line in lines]

    logger.remove()
    logger.add(write, format="{message}")
    return told


def test_the_first_comes_at_once_and_the_next_not_before_its_time() -> None:
    deed = Deed()
    with deed.every(3_600):
        deed.wait_for(1)
    assert deed.goes_on == [True]


def test_where_there_may_be_more_to_do_the_next_comes_at_once() -> None:
    deed = Deed(10, 10, 0)
    with deed.every(3_600):
        deed.wait_for(3)
    assert deed.goes_on == [True, True, True]


def test_the_end_is_not_waited_for_and_comes_with_a_last_round_where_that_is_asked_for() -> None:
    deed = Deed()
    with deed.every(3_600).with_a_last(PATIENCE_SECONDS):
        deed.wait_for(1)
    assert deed.goes_on == [True, False]


def test_a_last_round_comes_after_one_that_had_more_to_do_too() -> None:
    deed = Deed(*[1] * 1_000)
    with deed.every(3_600).with_a_last(PATIENCE_SECONDS):
        deed.wait_for(1)
    assert deed.goes_on[-1] is False
    assert deed.goes_on.count(False) in (1, 2)


def test_what_goes_wrong_is_logged_once_until_a_round_goes_well(
    logged: Callable[[], list[tuple[str, str, str]]],
) -> None:
    deed = Deed(AWAY, AWAY, KeyError("secret"), 0, AWAY)

    with deed.every(0):
        deed.wait_for(7)

    assert logged() == [
        ("deeds.failed", "state_locked", "it can't be done now"),
        ("deeds.failed", "defect KeyError", "it can't be done now"),
        ("deeds.failed", "state_locked", "it can't be done now"),
    ]


def test_a_round_that_is_under_way_at_the_end_is_told_to_stop() -> None:
    begun, stopped = threading.Event(), threading.Event()

    def go_round(go_on: Callable[[], bool]) -> bool:
        begun.set()
        while go_on():
            pass
        stopped.set()
        return False

    with Rounds(go_round, 3_600, event="deeds.failed", told=""):
        assert begun.wait(PATIENCE_SECONDS)

    assert stopped.wait(PATIENCE_SECONDS)


def test_a_last_round_that_hangs_is_left_after_a_while() -> None:
    released = threading.Event()
    hangs = threading.Event()

    def hang(_: Callable[[], bool]) -> bool:
        hangs.set()
        released.wait(PATIENCE_SECONDS)
        return False

    with Rounds(hang, 0.001, event="deeds.failed", told="").with_a_last(0.01):
        assert hangs.wait(PATIENCE_SECONDS)
    released.set()
