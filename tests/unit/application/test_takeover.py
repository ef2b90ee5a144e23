"""Whoever lives takes over the work of whoever died, and nobody else's."""

from datetime import date

import pytest

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.executor_events import ExecutorTakenOver
from aegis_batch.domain.run import CloseKey
from tests.unit.application.fleet import NOON, Fleet, Hand, Ship


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def at_sea(fleet: Fleet, *names: str) -> list[Ship]:
    """Return processes that have been living for longer than a lease."""
    ships = [Ship(fleet, name) for name in names]
    for ship in ships:
        assert ship.heartbeat.beat()
    fleet.sail(31, *ships)
    return ships


def test_what_the_dead_had_begun_is_taken_over_with_its_leases(fleet: Fleet) -> None:
    dead, living = at_sea(fleet, "dead", "living")
    fleet.take(dead, "a#1", "b#1")
    with fleet.state.turn() as turn:
        tokens = turn.leases.take({"close/a": 0}, "dead")
    fleet.sail(30, living)

    assert living.taking_over.take_over() == 2

    assert fleet.living() == {"living"}
    assert {work.id for work in fleet.queue.due(fleet.clock.now())} == {"a#1", "b#1"}
    with fleet.state.turn() as turn:
        assert turn.leases.held(tokens, "dead") == set()
        assert set(turn.leases.take({"close/a": 0}, "living")) == {"close/a"}
    [told] = fleet.sink.events
    assert told == ExecutorTakenOver(
        at=fleet.clock.now(), executor="dead", taken_over_by="living", works=2
    )
    assert not dead.heartbeat.beat()
    assert not dead.lease.is_held()


def test_who_serves_alone_takes_over_from_a_close_by_hand_that_was_killed(fleet: Fleet) -> None:
    alone = Ship(fleet, "kitchen", is_alone=True)
    hand = Hand(fleet, "kitchen/hand-1")
    assert alone.heartbeat.beat()
    hand.leases.hold(CloseKey("north", Period(PeriodKind.DAY, date(2026, 11, 21))))
    fleet.sail(29, alone)
    assert alone.taking_over.take_over() == 0
    assert hand.name in fleet.living()

    fleet.sail(4, alone)
    alone.taking_over.take_over()

    assert fleet.living() == {"kitchen"}
    with fleet.state.look() as turn:
        assert turn.leases.holders("") == {}


def test_nothing_of_the_living_is_touched(fleet: Fleet) -> None:
    one, other = at_sea(fleet, "one", "other")
    fleet.take(one, "a#1")
    fleet.sail(29, other)

    assert other.taking_over.take_over() == 0

    assert fleet.living() == {"one", "other"}
    assert fleet.queue.due(fleet.clock.now()) == []
    assert fleet.sink.events == []


def test_a_death_is_seen_within_a_tenth_of_the_lease(fleet: Fleet) -> None:
    _, living = at_sea(fleet, "dead", "living")
    seen_after = 0
    while "dead" in fleet.living():
        fleet.sail(1, living)
        living.taking_over.take_over()
        seen_after += 1

    assert 30 <= seen_after <= 33


def test_what_one_has_taken_over_the_others_leave_alone(fleet: Fleet) -> None:
    dead, one, other = at_sea(fleet, "dead", "one", "other")
    fleet.take(dead, "a#1")
    fleet.sail(30, one, other)

    assert [each.taking_over.take_over() for each in (one, other)] == [1, 0]
    assert len(fleet.sink.events) == 1


def test_who_was_away_itself_takes_nobody_for_dead_before_all_had_time_to_come_back(
    fleet: Fleet,
) -> None:
    one, other = at_sea(fleet, "one", "other")
    fleet.take(other, "a#1")
    # The server of the state is away: nobody can give a sign of life.
    fleet.sail(60)
    assert one.heartbeat.beat()

    assert one.taking_over.take_over() == 0
    assert other.heartbeat.beat()
    fleet.sail(40, one, other)
    assert one.taking_over.take_over() == 0

    assert fleet.living() == {"one", "other"}


@pytest.mark.parametrize("where", ["look", "begin", "within"])
def test_who_was_held_up_in_its_look_takes_nobody_for_dead_before_all_had_time_to_come_back(
    fleet: Fleet, where: str
) -> None:
    one, other = at_sea(fleet, "one", "other")
    fleet.take(other, "a#1")
    fleet.sail(29.0, one)
    assert one.taking_over.take_over() == 0
    assert one.heartbeat.beat()
    fleet.sail(3, one)
    # A sign of life of the other is on its way when the server stands still, and comes back.
    with fleet.stall(where, 20):
        assert one.taking_over.take_over() == 0

    assert fleet.living() == {"one", "other"}
    assert fleet.sink.events == []
    assert other.heartbeat.beat()
    fleet.sail(29, one, other)
    assert one.taking_over.take_over() == 0
    fleet.sail(31, one)
    assert one.taking_over.take_over() == 1
    assert fleet.living() == {"one"}


def test_a_look_that_was_held_up_for_less_than_half_a_lease_goes_by_what_it_sees(
    fleet: Fleet,
) -> None:
    one, other = at_sea(fleet, "one", "other")
    fleet.take(other, "a#1")
    fleet.sail(31, one)

    # As whoever is frozen in a turn holds up all others.
    with fleet.stall("begin", 10):
        assert one.taking_over.take_over() == 1


def test_who_has_just_started_waits_too(fleet: Fleet) -> None:
    at_sea(fleet, "dead")
    fleet.sail(30)
    new = Ship(fleet, "new")
    assert new.heartbeat.beat()
    assert new.taking_over.take_over() == 0

    fleet.sail(30, new)
    new.taking_over.take_over()

    assert fleet.living() == {"new"}


def test_who_counts_as_dead_takes_nothing_over(fleet: Fleet) -> None:
    frozen, other = at_sea(fleet, "frozen", "other")
    fleet.sail(30, other)
    with fleet.state.turn() as turn:
        turn.executors.bury_silent(9)
    fleet.take(other, "a#1")
    # It has not heard of it yet, and thinks that all is well.
    frozen.lease.renew(fleet.clock.monotonic_seconds() - 31)
    for _ in range(4):
        frozen.lease.renew(fleet.clock.monotonic_seconds())
        fleet.sail(10, other)
    frozen.lease.renew(fleet.clock.monotonic_seconds())

    assert frozen.taking_over.take_over() == 0

    assert fleet.living() == {"other"}
    assert fleet.queue.due(fleet.clock.now()) == []


def test_what_a_frozen_process_takes_just_before_it_hears_of_its_end_is_found(
    fleet: Fleet,
) -> None:
    frozen, living = at_sea(fleet, "frozen", "living")
    fleet.sail(30, living)
    assert living.taking_over.take_over() == 0
    assert fleet.living() == {"living"}
    fleet.take(frozen, "a#1")

    fleet.sail(3, living)
    assert living.taking_over.take_over() == 0
    fleet.sail(27, living)
    assert living.taking_over.take_over() == 1

    assert [event.works for event in fleet.sink.events if isinstance(event, ExecutorTakenOver)] == [
        0,
        1,
    ]


def test_who_went_in_good_order_left_nothing_to_take_over(fleet: Fleet) -> None:
    gone, living = at_sea(fleet, "gone", "living")
    gone.heartbeat.stop()
    fleet.sail(60, living)

    assert living.taking_over.take_over() == 0

    assert fleet.sink.events == []


def test_who_is_alone_keeps_its_place_whatever_becomes_of_the_state(fleet: Fleet) -> None:
    ship = Ship(fleet, "alone", is_alone=True)
    ship.heartbeat.stop()
    assert ship.heartbeat.beat()
    fleet.sail(1_000)
    with fleet.state.turn() as turn:
        # As a backup would have it that somebody put in the state's place.
        turn.executors.stop("alone")
        assert turn.retention.forget_executors(fleet.clock.now().replace(year=2027), 9) == 1

    assert ship.heartbeat.beat()

    assert fleet.living() == {"alone"}
    assert ship.lease.is_held()
    assert ship.heartbeat.executor.started_at == NOON
