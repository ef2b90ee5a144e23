"""Closes by hand hold the leases of what they close, as far as there is a state."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.taking import lease_of_close
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import InOtherHands, StateUnavailable
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from tests.unit.application.fleet import NOON, Fleet, Hand, Ship

NORTH = CloseKey("north", Period(PeriodKind.DAY, date(2026, 11, 21)))
SOUTH = CloseKey("south", Period(PeriodKind.DAY, date(2026, 11, 21)))


class Away:
    """A state that breaks off while ``is_away``."""

    def __init__(self, fleet: Fleet) -> None:
        self._state = fleet.state
        self.is_away = True

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        if self.is_away:
            raise StateUnavailable("state_locked", "It is locked.", "Wait.")
        with self._state.turn() as turn:
            yield turn

    @contextmanager
    def look(self) -> Iterator[Turn]:
        with self._state.look() as turn:
            yield turn


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def holders(fleet: Fleet) -> dict[str, str]:
    with fleet.state.look() as turn:
        return dict(turn.leases.holders(""))


def refusal(hand: Hand, key: CloseKey = NORTH) -> InOtherHands:
    with pytest.raises(InOtherHands) as caught:
        hand.leases.hold(key)
    return caught.value


def test_a_close_holds_its_lease_until_all_is_given_back(fleet: Fleet) -> None:
    hand = Hand(fleet, "m/hand-1")
    hand.leases.hold(NORTH)
    hand.leases.hold(NORTH)

    assert holders(fleet) == {lease_of_close(NORTH): hand.name}
    assert hand.leases.is_held()
    hand.leases.leave()

    assert holders(fleet) == {}
    assert (fleet.living(), hand.ended) == (set(), 1)
    assert fleet.pulse.signs(9).executors == []


def test_who_held_nothing_signs_off_without_a_word(fleet: Fleet) -> None:
    hand = Hand(fleet, "m/hand-1", Away(fleet))

    assert hand.leases.is_held()
    hand.leases.leave()

    assert (hand.warned, hand.ended) == ([], 1)


def test_what_another_is_at_is_refused_with_its_name_and_when_to_try_again(fleet: Fleet) -> None:
    first, second = Hand(fleet, "m/hand-1"), Hand(fleet, "m/hand-2")
    first.leases.hold(NORTH)

    error = refusal(second)
    second.leases.hold(SOUTH)

    assert (error.code, error.retryable) == ("in_progress", True)
    assert "The close of 2026-11-21 is under way: m/hand-1 is at it." in error.message
    assert "30 s" in error.remedy
    assert refusal(second) is error
    first.leases.leave()
    second.leases.give_back()
    second.leases.hold(NORTH)
    assert holders(fleet) == {lease_of_close(NORTH): second.name}


def test_a_run_that_is_at_it_is_named(fleet: Fleet) -> None:
    worker, hand = Ship(fleet, "m/worker"), Hand(fleet, "m/hand-1")
    fleet.sail(1, worker)
    with fleet.state.turn() as turn:
        turn.leases.take({lease_of_close(NORTH): 0}, worker.name)
        turn.runs.add(
            RunRecord(
                id="run-7",
                trace_id="1",
                job=JobKind.CLOSE,
                key=NORTH,
                trigger=Trigger.SCHEDULE,
                requested_by="",
                state=RunState.RUNNING,
                work_id="run-7#1",
                enqueued_at=NOON,
                due_at=NOON,
            )
        )

    assert "m/worker is at it with run run-7." in refusal(hand).message


def test_many_are_taken_in_one_turn_and_what_is_refused_is_that_one_alone(fleet: Fleet) -> None:
    first, second = Hand(fleet, "m/hand-1"), Hand(fleet, "m/hand-2")
    first.leases.hold(NORTH)

    second.leases.take([NORTH, SOUTH])

    refusal(second)
    second.leases.hold(SOUTH)
    assert holders(fleet) == {
        lease_of_close(NORTH): first.name,
        lease_of_close(SOUTH): second.name,
    }


def test_who_was_killed_holds_nothing_longer_than_its_lease(fleet: Fleet) -> None:
    killed, other, hand = (Hand(fleet, f"m/hand-{number}") for number in (1, 2, 3))
    killed.leases.hold(NORTH)
    fleet.sail(15)
    other.leases.hold(SOUTH)
    fleet.sail(14)
    refusal(hand)
    hand.leases.give_back()
    fleet.sail(1)

    hand.leases.take([NORTH, SOUTH])

    hand.leases.hold(NORTH)
    refusal(hand, SOUTH)
    assert holders(fleet)[lease_of_close(NORTH)] == hand.name
    assert fleet.living() == {other.name, hand.name}
    assert not killed.heartbeat.beat()
    assert not killed.leases.is_held()


def test_a_silent_process_that_holds_nothing_of_it_is_left_alone(fleet: Fleet) -> None:
    silent, hand = Hand(fleet, "m/hand-1"), Hand(fleet, "m/hand-2")
    silent.leases.hold(SOUTH)
    fleet.sail(60)

    hand.leases.hold(NORTH)

    assert silent.name in fleet.living()


def test_a_process_that_was_frozen_knows_that_it_may_not_hand_over(fleet: Fleet) -> None:
    hand = Hand(fleet, "m/hand-1")
    hand.leases.hold(NORTH)

    fleet.sail(30)

    assert not hand.leases.is_held()


def test_where_the_state_is_away_the_close_goes_on_without(fleet: Fleet) -> None:
    away = Away(fleet)
    hand = Hand(fleet, "m/hand-1", away)

    hand.leases.hold(NORTH)
    hand.leases.hold(NORTH)

    assert hand.warned == ["state_locked"]
    assert hand.leases.is_held()
    away.is_away = False
    hand.leases.hold(SOUTH)
    assert holders(fleet) == {lease_of_close(SOUTH): hand.name}


def test_what_cant_be_given_back_is_free_once_its_process_has_signed_off(fleet: Fleet) -> None:
    away = Away(fleet)
    away.is_away = False
    hand = Hand(fleet, "m/hand-1", away)
    hand.leases.hold(NORTH)
    away.is_away = True

    hand.leases.leave()

    assert holders(fleet) == {}
    Hand(fleet, "m/hand-2").leases.hold(NORTH)
