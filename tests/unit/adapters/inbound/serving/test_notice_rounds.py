"""Rounds of notices: one after the other, whatever goes wrong in one, and a last one."""

import json
import threading
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from loguru import logger

from aegis_batch.adapters.inbound.serving.notice_rounds import NoticeRounds
from aegis_batch.adapters.outbound.logs.lines import json_line
from aegis_batch.domain.errors import StateUnavailable

if TYPE_CHECKING:
    from loguru import Message

PATIENCE_SECONDS = 30.0
AWAY = StateUnavailable("state_locked", "It is locked.", "Wait.")


class Deliveries:
    """Delivers as it is told to, round by round, and then nothing."""

    def __init__(self, *rounds: int | Exception) -> None:
        self._rounds = iter(rounds)
        self._done = threading.Semaphore(0)
        self.count = 0

    def deliver(self) -> int:
        self.count += 1
        self._done.release()
        found = next(self._rounds, 0)
        if isinstance(found, Exception):
            raise found
        return found

    def wait_for(self, rounds: int) -> None:
        for _ in range(rounds):
            assert self._done.acquire(timeout=PATIENCE_SECONDS)


@pytest.fixture
def logged() -> Callable[[], list[str]]:
    stream = StringIO()

    def write(message: "Message") -> None:
        stream.write(json_line(message.record) + "\n")

    logger.remove()
    logger.add(write, format="{message}")
    return lambda: [json.loads(line)["code"] for line in stream.getvalue().splitlines()]


def rounds_of(deliveries: Deliveries, every_seconds: float) -> NoticeRounds:
    return NoticeRounds(deliveries.deliver, every_seconds, PATIENCE_SECONDS)


def test_where_there_was_something_to_deliver_it_looks_again_at_once() -> None:
    deliveries = Deliveries(10, 10, 3)

    with rounds_of(deliveries, 3_600):
        deliveries.wait_for(4)

    assert deliveries.count == 5


def test_the_end_is_not_waited_for_and_comes_with_a_last_round() -> None:
    deliveries = Deliveries()

    with rounds_of(deliveries, 3_600):
        deliveries.wait_for(1)

    assert deliveries.count == 2


def test_what_goes_wrong_is_told_once_and_tried_again(logged: Callable[[], list[str]]) -> None:
    deliveries = Deliveries(AWAY, AWAY, 1, AWAY, KeyError("secret"), 1)

    with rounds_of(deliveries, 0.001):
        deliveries.wait_for(6)

    assert logged() == ["state_locked", "state_locked", "defect KeyError"]


def test_a_last_round_that_hangs_is_left_after_a_while() -> None:
    released = threading.Event()
    hangs = threading.Event()

    def hang() -> int:
        hangs.set()
        released.wait(PATIENCE_SECONDS)
        return 0

    with NoticeRounds(hang, 0.001, 0.01):
        assert hangs.wait(PATIENCE_SECONDS)
    released.set()
