"""Lanes of tenants' queues in the durable engine: who works at which, and what nobody does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.dbos import work_queue
from aegis_batch.adapters.outbound.dbos.work_queue import QueueSettings
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.application.ports.work_queue import CLOSES, Lane
from tests.integration.work_places import DbosPlace, Performed, work
from tests.servers.ground import wait_until

BIG, NEW = Lane("closes@big"), Lane("closes@new")


def place_of(folder: Path, *lanes: Lane) -> DbosPlace:
    settings = QueueSettings(
        executor="tester", concurrency=dict.fromkeys(lanes, 1), polling_seconds=0.05
    )
    return DbosPlace(StateLocation(folder / "state.sqlite3"), settings)


@pytest.fixture
def dedicated(tmp_path: Path) -> Iterator[DbosPlace]:
    """A place that works at the lane of one queue alone."""
    place = place_of(tmp_path, BIG)
    yield place
    place.close()


@pytest.fixture
def general(tmp_path: Path) -> Iterator[DbosPlace]:
    """A place that works at the lane of all closes."""
    place = place_of(tmp_path, CLOSES)
    yield place
    place.close()


def test_who_works_at_one_queue_leaves_the_others_and_takes_none_for_lost(
    dedicated: DbosPlace,
) -> None:
    performed = Performed()
    with dedicated.turn() as intake:
        intake.enqueue(work("closes"))
        intake.enqueue(work("new", lane=NEW))
    dedicated.queue.start(performed.carry_out)
    dedicated.queue.widen()
    with dedicated.turn() as intake:
        intake.enqueue(work("big", lane=BIG))
    wait_until(lambda: performed.ids == ["big"], what="its own", timeout_seconds=30)

    assert list(dedicated.queue.lost(["closes", "new"])) == []


def test_what_is_in_more_lanes_than_can_be_worked_at_counts_as_lost(
    general: DbosPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_queue, "_QUEUES_MAX", 1)
    performed = Performed()
    with general.turn() as intake:
        intake.enqueue(work("big", lane=BIG))
        intake.enqueue(work("new", lane=NEW))
    general.queue.start(performed.carry_out)
    wait_until(lambda: performed.ids == ["big"], what="the first", timeout_seconds=30)

    assert list(general.queue.lost(["new"])) == ["new"]


def test_a_queue_that_was_worked_at_once_is_worked_at_from_the_next_start_on(
    general: DbosPlace,
) -> None:
    performed = Performed()
    with general.turn() as intake:
        intake.enqueue(work("first", lane=BIG))
    general.queue.start(performed.carry_out)
    general.settle()
    general.queue.stop(5)
    general.queue.start(performed.carry_out)
    with general.turn() as intake:
        intake.enqueue(work("second", lane=BIG))
    general.settle()

    assert performed.ids == ["first", "second"]
