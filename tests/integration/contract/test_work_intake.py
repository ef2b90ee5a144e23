"""What every intake of work promises, for the durable engine and the one in memory."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from aegis_batch.application.ports.work_intake import WorkIntake
from tests.integration.work_places import Performed, WorkPlace, reached, work


class Abandoned(Exception):  # noqa: N818 - what makes a turn end badly
    """A turn is broken off."""


def test_work_of_a_turn_that_is_undone_never_was(place: WorkPlace, performed: Performed) -> None:
    place.queue.start(performed.carry_out)
    with pytest.raises(Abandoned):
        _undone(place, lambda intake: intake.enqueue(work("undone")))
    with place.turn() as intake:
        intake.enqueue(work("done"))
    place.settle()

    assert performed.ids == ["done"]
    reached(lambda: list(place.queue.lost(["undone", "done"])) == ["undone", "done"], "both lost")


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


def _undone(place: WorkPlace, do: Callable[[WorkIntake], object]) -> None:
    with place.turn() as intake:
        do(intake)
        raise Abandoned


def test_what_executors_left_behind_is_taken_back_and_nothing_else(
    place: WorkPlace, performed: Performed
) -> None:
    with place.turn() as intake:
        intake.enqueue(work("waiting"))
        intake.enqueue(work("begun"))
    taken = place.begun_by_another("begun")
    with place.turn() as intake:
        assert set(intake.holders()) == {taken}
        assert dict(intake.take_back([])) == {}
        assert dict(intake.take_back(["nobody"])) == {}
    with pytest.raises(Abandoned):
        _undone(place, lambda intake: intake.take_back([taken]))
    with place.turn() as intake:
        assert dict(intake.take_back([taken, "nobody"])) == {taken: 1}
        assert set(intake.holders()) == set()
        assert dict(intake.take_back([taken])) == {}
    place.queue.start(performed.carry_out)
    place.settle()

    assert performed.counts == {"begun": 1, "waiting": 1}
