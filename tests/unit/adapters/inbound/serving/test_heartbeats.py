"""Signs of life come from a thread of their own, until others take the process for dead."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from loguru import logger

from aegis_batch.adapters.inbound.serving.heartbeats import Heartbeats
from aegis_batch.adapters.outbound.logs.lines import json_line
from aegis_batch.domain.errors import StateUnavailable

if TYPE_CHECKING:
    from loguru import Message

AWAY = StateUnavailable("state_away", "It is away.", "Wait.")
PATIENCE_SECONDS = 30.0
WELL = True


class Signs:
    """What becomes of signs of life, one after the other; from then on all is well."""

    def __init__(self, *results: bool | Exception) -> None:
        self._results = list(results)
        self.given = 0
        self.through = Event()
        self.buried = Event()

    def beat(self) -> bool:
        self.given += 1
        if not self._results:
            self.through.set()
            return True
        result = self._results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture(autouse=True)
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    stream = StringIO()

    def write(message: "Message") -> None:
        stream.write(json_line(message.record) + "\n")

    logger.remove()
    logger.add(write, format="{message}")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.remove()


def test_the_first_sign_is_given_before_anything_else() -> None:
    signs = Signs(WELL)
    with Heartbeats(signs.beat, 3_600, signs.buried.set) as heartbeats:
        assert signs.given == 0
        heartbeats.start()
        assert signs.given == 1


def test_where_the_first_can_not_be_given_that_is_an_error() -> None:
    signs = Signs(AWAY)
    with (
        Heartbeats(signs.beat, 3_600, signs.buried.set) as heartbeats,
        pytest.raises(StateUnavailable),
    ):
        heartbeats.start()


@pytest.mark.parametrize("results", [(False,), (True, True, False)])
def test_a_sign_that_finds_the_process_buried_ends_it(results: tuple[bool, ...]) -> None:
    signs = Signs(*results)
    with Heartbeats(signs.beat, 0.001, signs.buried.set) as heartbeats:
        heartbeats.start()
        assert signs.buried.wait(PATIENCE_SECONDS)

    assert signs.given == len(results)


def test_a_sign_that_can_not_be_given_is_told_once_and_tried_again(
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    signs = Signs(WELL, AWAY, AWAY, WELL, KeyError("secret"), AWAY)
    with Heartbeats(signs.beat, 0.001, signs.buried.set) as heartbeats:
        heartbeats.start()
        assert signs.through.wait(PATIENCE_SECONDS)

    told = [(line["event"], line["code"]) for line in logged()]
    assert told == [
        ("heartbeat.failed", "state_away"),
        ("heartbeat.failed", "defect KeyError"),
        ("heartbeat.failed", "state_away"),
    ]
    assert not signs.buried.is_set()
