"""Work survives the process: real processes that are killed, stopped and started again."""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.work_places import DbosPlace, Performed, dbos_place, reached, work
from tests.integration.work_processes import (
    Serving,
    keep_queueing,
    lines,
    make_ledger,
    queue_in_a_process,
    serving,
    wait_for_lines,
)

_KILLS = 24
_ENDING_SECONDS = 60.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DbosPlace]:
    made = dbos_place(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("heir", ["tester", "another"])
def test_what_a_killed_process_was_at_is_carried_out_by_the_next(
    place: DbosPlace, heir: str
) -> None:
    with place.turn() as intake:
        intake.enqueue(work("slow", rank=5))
    with serving(place.file, Serving(holds=True)) as killed:
        wait_for_lines(place.file, "began", 1)
        with place.turn() as intake:
            intake.enqueue(work("of-a-smaller-rank", rank=1))
        killed.kill()
        killed.join(_ENDING_SECONDS)

    with serving(place.file, Serving(executor=heir)):
        ended = wait_for_lines(place.file, "ended", 2)
        place.settle()

    assert lines(place.file, "began") == [
        "slow tester",
        f"slow {heir}",
        f"of-a-smaller-rank {heir}",
    ]
    assert ended == [f"slow {heir}", f"of-a-smaller-rank {heir}"]


def test_what_does_not_end_in_time_is_handed_back_and_carried_out_by_the_next(
    place: DbosPlace,
) -> None:
    with place.turn() as intake:
        intake.enqueue(work("slow-1"))
        intake.enqueue(work("waiting", rank=200))
    with serving(place.file, Serving(executor="first", holds=True)) as stopped:
        wait_for_lines(place.file, "began", 1)
        os.kill(stopped.pid or 0, signal.SIGTERM)
        stopped.join(_ENDING_SECONDS)
        assert stopped.exitcode == 0

    assert lines(place.file, "back") == ["slow-1"]
    # It did end, too late: the row was no longer its own.
    assert lines(place.file, "ended") == ["slow-1 first"]
    assert place.rows("SELECT workflow_uuid, status FROM workflow_status ORDER BY 1") == [
        ("slow-1", "ENQUEUED"),
        ("waiting", "ENQUEUED"),
    ]

    with serving(place.file, Serving(executor="second")):
        wait_for_lines(place.file, "ended", 3)
        place.settle()
    assert lines(place.file, "began")[1:] == ["slow-1 second", "waiting second"]


def test_a_stopped_process_takes_nothing_new_and_hands_back_nothing_that_ended(
    place: DbosPlace,
) -> None:
    with serving(place.file, Serving(drain_seconds=30)) as stopped:
        wait_for_lines(place.file, "serving", 1)
        os.kill(stopped.pid or 0, signal.SIGTERM)
        stopped.join(_ENDING_SECONDS)
        assert stopped.exitcode == 0
    with place.turn() as intake:
        intake.enqueue(work("later"))

    assert lines(place.file, "back") == [""]
    assert lines(place.file, "began") == []


def test_work_queued_by_another_process_is_taken_up_by_the_one_that_serves(
    place: DbosPlace, tmp_path: Path
) -> None:
    performed = Performed()
    place.queue.start(performed.carry_out)

    queue_in_a_process(place.file, ["from-outside-1", "from-outside-2"])
    place.settle()

    assert sorted(performed.ids) == ["from-outside-1", "from-outside-2"]


def test_kills_around_the_commit_leave_no_orphan(place: DbosPlace) -> None:
    make_ledger(place.file)
    chance = random.Random(24)  # noqa: S311 - the same moments each time
    for kill in range(_KILLS):
        process = keep_queueing(place.file, f"process-{kill}")
        wait_for_lines(place.file, "began", kill + 1)
        process.join(chance.uniform(0.0, 0.02))
        process.kill()
        process.join(_ENDING_SECONDS)
        assert process.exitcode == -signal.SIGKILL

    ledger = {str(row[0]) for row in place.rows("SELECT id FROM ledger")}
    queued = {row[0] for row in place.rows("SELECT workflow_uuid FROM workflow_status")}
    inputs = {row[0] for row in place.rows("SELECT workflow_uuid FROM workflow_input")}
    assert len(ledger) > _KILLS
    assert ledger == queued == inputs
    assert list(place.queue.lost(sorted(ledger))) == []


def test_a_queue_that_is_killed_again_and_again_loses_nothing(place: DbosPlace) -> None:
    ids = [f"work-{number}" for number in range(60)]
    with place.turn() as intake:
        for work_id in ids:
            intake.enqueue(work(work_id))
    chance = random.Random(7)  # noqa: S311 - the same moments each time
    for kill in range(4):
        with serving(place.file, Serving()) as killed:
            wait_for_lines(place.file, "serving", kill + 1)
            killed.join(chance.uniform(0.0, 0.4))
    with serving(place.file, Serving()):
        reached(
            lambda: {line.split()[0] for line in lines(place.file, "ended")} == set(ids),
            "all work has ended",
        )
        place.settle()

    assert place.rows("SELECT status, count(*) FROM workflow_status GROUP BY 1") == [
        ("SUCCESS", 60)
    ]
    # Of what a kill broke off there is at most one a kill and lane.
    began = Counter(line.split()[0] for line in lines(place.file, "began"))
    assert sum(began.values()) - len(began) <= 4 * 2
