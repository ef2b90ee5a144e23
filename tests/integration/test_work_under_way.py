"""How the durable engine treats work while it is under way."""

import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from loguru import logger

from aegis_batch.adapters.outbound.dbos.work_queue import QueueSettings
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.application.ports.work_queue import CLOSES, JOBS
from tests.integration.work_places import DbosPlace, Performed, dbos_place, reached, work

_PATIENCE_SECONDS = 30.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DbosPlace]:
    made = dbos_place(tmp_path)
    yield made
    made.close()


class Gate:
    """Holds up work of one lane until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.performed = Performed()
        self.ended: list[str] = []

    def carry_out(self, run_id: str, work_id: str) -> None:
        self.performed.carry_out(run_id, work_id)
        if work_id.startswith("held"):
            assert self.opened.wait(_PATIENCE_SECONDS)
        self.ended.append(work_id)


def test_a_lane_does_not_hold_up_the_other(place: DbosPlace) -> None:
    gate = Gate()
    place.queue.start(gate.carry_out)
    with place.turn() as intake:
        intake.enqueue(work("held"))
        intake.enqueue(work("behind-it"))
        intake.enqueue(work("beside-it", lane=JOBS))
    reached(lambda: "beside-it" in gate.ended, "the other lane went on")
    began = gate.performed.ids
    gate.opened.set()
    place.settle()

    assert "behind-it" not in began
    assert gate.ended[-1] == "behind-it"


def test_stopping_waits_for_what_is_under_way_and_begins_nothing_else(place: DbosPlace) -> None:
    gate = Gate()
    place.queue.start(gate.carry_out)
    with place.turn() as intake:
        intake.enqueue(work("held", rank=1))
        intake.enqueue(work("next", rank=2))
    reached(lambda: gate.performed.ids == ["held"], "the first has begun")
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(place.queue.stop, _PATIENCE_SECONDS)
        # It has let go of the queues, and waits.
        reached(lambda: not _takers(), "nothing is taken any more")
        assert not stopping.done()
        gate.opened.set()
        handed_back: Collection[str] = stopping.result(_PATIENCE_SECONDS)

    assert list(handed_back) == []
    assert gate.ended == ["held"]
    assert list(place.queue.lost(["held", "next"])) == ["held"]


def test_as_much_is_under_way_at_once_as_a_lane_allows_and_no_more(tmp_path: Path) -> None:
    settings = QueueSettings(
        executor="tester", concurrency={CLOSES: 3, JOBS: 1}, polling_seconds=0.05
    )
    place = DbosPlace(StateLocation(tmp_path / "state.sqlite3"), settings)
    gate = Gate()
    with place.turn() as intake:
        for number in range(8):
            intake.enqueue(work(f"held-{number}"))
    place.queue.start(gate.carry_out)
    reached(lambda: len(gate.performed.ids) >= 3, "three have begun")
    for number in range(5):
        # Each takes a polling of its lane, and so the other has been polled as often.
        with place.turn() as intake:
            intake.enqueue(work(f"beside-{number}", lane=JOBS))
        reached(lambda: len(gate.ended) > number, "the other lane went on")  # noqa: B023 - at once
    at_once = [work_id for work_id in gate.performed.ids if work_id.startswith("held")]
    gate.opened.set()
    place.settle()
    place.close()

    assert len(at_once) == 3
    assert len(gate.ended) == 8 + 5


def test_an_error_that_must_not_be_is_told_by_its_class_alone_and_the_work_is_lost(
    place: DbosPlace, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[dict[object, object], str]] = []
    sink = logger.add(
        lambda line: told.append((line.record["extra"], str(line))), format="{message}"
    )

    def carry_out(_: str, __: str) -> None:
        raise ValueError("a-secret-token")

    place.queue.start(carry_out)
    with place.turn() as intake:
        intake.enqueue(work("defect"))
    place.settle()
    logger.remove(sink)

    ((content, line),) = told
    assert content["error"] == "ValueError"
    assert content["workId"] == "defect"
    assert "a-secret-token" not in line
    assert list(place.queue.lost(["defect"])) == ["defect"]
    assert b"a-secret-token" not in b"".join(
        path.read_bytes() for path in place.file.parent.iterdir()
    )
    assert "a-secret-token" not in "".join(capfd.readouterr())


def test_a_queue_is_not_started_twice(place: DbosPlace) -> None:
    place.queue.start(Performed().carry_out)

    with pytest.raises(RuntimeError, match="started"):
        place.queue.start(Performed().carry_out)


def _takers() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("queue-worker-")]
