"""What every keeper of rate limits promises."""

from contextlib import suppress
from datetime import timedelta

from aegis_batch.application.ports.rate_limits import Reserved
from aegis_batch.application.ports.state import State
from aegis_batch.domain.rate_limit import RateLimit

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# Slow enough that no machine takes so long over a test.
SLOW = RateLimit(1, 1_000 * MINUTE)
FAR = timedelta(days=30)
# By how much the clock of a database may have gone on meanwhile.
SLACK = MINUTE


def reserve(state: State, *names: str, permits: int = 1, within: timedelta = FAR) -> Reserved:
    with state.turn() as turn:
        return turn.rate_limits.reserve(dict.fromkeys(names, SLOW), permits, within)


def about(wait: timedelta) -> tuple[timedelta, timedelta]:
    return wait - SLACK, wait


def test_the_first_permit_is_good_at_once_and_each_one_after_it_later(state: State) -> None:
    first = reserve(state, "all", permits=3)
    second = reserve(state, "all")

    assert first == Reserved(3, timedelta())
    low, high = about(3 * SLOW.interval)
    assert second.permits == 1
    assert low <= second.wait <= high


def test_each_name_has_permits_of_its_own(state: State) -> None:
    reserve(state, "all", permits=9)

    assert reserve(state, "All").wait == timedelta()
    assert reserve(state, "all\tnorth").wait == timedelta()


def test_what_counts_in_several_is_taken_from_each(state: State) -> None:
    reserve(state, "all", "north")
    second = reserve(state, "all", "south")
    low, high = about(SLOW.interval)
    assert low <= second.wait <= high

    third = reserve(state, "south")
    low, high = about(2 * SLOW.interval)
    assert low <= third.wait <= high


def test_where_one_would_wait_for_its_own_alone_nothing_is_taken(state: State) -> None:
    reserve(state, "north", permits=2)

    refused = reserve(state, "all", "north")

    assert refused.permits == 0
    low, high = about(2 * SLOW.interval)
    assert low <= refused.wait <= high
    assert reserve(state, "all", "south") == Reserved(1, timedelta())


def test_what_is_too_far_away_is_not_taken(state: State) -> None:
    reserve(state, "all")
    refused = reserve(state, "all", within=SECOND)
    assert refused.permits == 0

    again = reserve(state, "all")
    low, high = about(SLOW.interval)
    assert (again.permits, low <= again.wait <= high) == (1, True)


def test_a_turn_that_is_undone_takes_none(state: State) -> None:
    with suppress(RuntimeError), state.turn() as turn:
        turn.rate_limits.reserve({"all": SLOW}, 5, FAR)
        raise RuntimeError

    assert reserve(state, "all") == Reserved(1, timedelta())
