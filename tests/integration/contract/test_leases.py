"""What every keeper of leases promises."""

from collections.abc import Collection, Mapping
from contextlib import suppress

import pytest

from aegis_batch.application.ports.state import State
from tests.integration.contract.test_executors import AT_ONCE, an_executor, register

A, B = "m/a", "m/b"


@pytest.fixture
def living(state: State) -> State:
    """A state in which two executors are living."""
    register(state, an_executor(A), an_executor(B))
    return state


def take(state: State, names: Collection[str], executor: str = A) -> Mapping[str, int]:
    with state.turn() as turn:
        return turn.leases.take(dict.fromkeys(names, 0), executor)


def take_anew(state: State, former: Mapping[str, int], executor: str = A) -> Mapping[str, int]:
    with state.turn() as turn:
        return turn.leases.take(former, executor)


def held(state: State, tokens: Mapping[str, int], executor: str = A) -> Collection[str]:
    with state.look() as turn:
        return set(turn.leases.held(tokens, executor))


def test_what_nobody_holds_can_be_taken(living: State) -> None:
    tokens = take(living, ["close/x", "close/y"])

    assert set(tokens) == {"close/x", "close/y"}
    assert held(living, tokens) == {"close/x", "close/y"}
    assert held(living, tokens, B) == set()
    assert take(living, []) == {}
    assert held(living, {}) == set()


def test_what_another_holds_stays_his(living: State) -> None:
    theirs = take(living, ["x", "y"], B)

    ours = take(living, ["x", "z"])

    assert set(ours) == {"z"}
    assert held(living, theirs, B) == {"x", "y"}


def test_every_token_is_above_all_before_it(living: State) -> None:
    first = take(living, ["x", "y"])
    second = take(living, ["z"], B)
    with living.turn() as turn:
        turn.leases.give_back(first, A)
    third = take(living, ["x", "y"], B)

    assert max(first.values()) < min(second.values())
    assert max(second.values()) < min(third.values())
    assert len({*third.values()}) == 2


def test_what_one_takes_anew_makes_its_former_token_stale(living: State) -> None:
    former = take(living, ["x"])
    present = take_anew(living, former)

    assert present["x"] > former["x"]
    assert held(living, former) == set()
    assert held(living, present) == {"x"}


def test_what_one_holds_already_is_no_other_run_s_of_the_same_executor(living: State) -> None:
    tokens = take(living, ["x"])

    assert take(living, ["x", "y"]).keys() == {"y"}
    assert take_anew(living, {"x": tokens["x"] + 1}) == {}
    assert take_anew(living, tokens, B) == {}
    assert held(living, tokens) == {"x"}


def test_what_is_given_back_is_free(living: State) -> None:
    tokens = take(living, ["x", "y"])
    with living.turn() as turn:
        turn.leases.give_back({"x": tokens["x"]}, A)

    assert held(living, tokens) == {"y"}
    assert set(take(living, ["x", "y"], B)) == {"x"}


def test_only_who_holds_a_lease_gives_it_back(living: State) -> None:
    former = take(living, ["x"])
    present = take_anew(living, former)
    with living.turn() as turn:
        turn.leases.give_back(former, A)
        turn.leases.give_back(present, B)
        turn.leases.give_back({"unknown": 1}, A)

    assert held(living, present) == {"x"}


@pytest.mark.parametrize("stops", [True, False])
def test_leases_end_with_their_executor(state: State, *, stops: bool) -> None:
    register(state, an_executor(A, AT_ONCE), an_executor(B))
    theirs = take(state, ["x", "y"])
    with state.turn() as turn:
        if stops:
            turn.executors.stop(A)
        else:
            turn.executors.bury_silent(9)

    assert held(state, theirs) == set()
    with state.look() as turn:
        assert not turn.leases.holders("")
    ours = take(state, ["x"], B)
    assert ours["x"] > max(theirs.values())
    with state.turn() as turn:
        turn.leases.give_back(theirs, A)
    assert held(state, ours, B) == {"x"}


def test_silence_alone_takes_no_lease_away(state: State) -> None:
    register(state, an_executor(A, AT_ONCE), an_executor(B))
    tokens = take(state, ["x"])

    assert held(state, tokens) == {"x"}
    assert take(state, ["x"], B) == {}


def test_who_is_not_living_gets_none(living: State) -> None:
    with living.turn() as turn:
        turn.executors.stop(A)

    assert take(living, ["x"]) == {}
    assert take(living, ["x"], "unknown") == {}


def test_an_executors_leases_are_taken_away_together(living: State) -> None:
    ours, theirs = take(living, ["x", "y"]), take(living, ["z"], B)
    with living.turn() as turn:
        assert turn.leases.free([]) == 0
        assert turn.leases.free([A, "unknown"]) == 2

    assert held(living, ours) == set()
    assert held(living, theirs, B) == {"z"}


def test_holders_are_found_by_how_their_leases_names_begin(living: State) -> None:
    take(living, ["close/Shop/1", "close/Shop/2", "close/shop/1", "close/%/1"])
    take(living, ["close/Shop/3"], B)

    with living.look() as turn:
        held = [turn.leases.holders(each) for each in ("", "close/Shop/", "close/%/", "no")]

    assert [len(each) for each in held] == [5, 3, 1, 0]
    assert held[1] == {"close/Shop/1": A, "close/Shop/2": A, "close/Shop/3": B}


def test_a_thousand_are_taken_at_once(living: State) -> None:
    names = [f"close/{number}" for number in range(1_000)]
    theirs = take(living, names[::7], B)

    ours = take(living, names)

    assert set(ours) | set(theirs) == set(names)
    assert len({*ours.values(), *theirs.values()}) == 1_000
    assert held(living, ours) == set(ours)
    with living.turn() as turn:
        turn.leases.give_back(ours, A)
        assert turn.leases.holders("close/").keys() == theirs.keys()


def test_a_turn_that_is_undone_takes_and_gives_nothing(living: State) -> None:
    theirs = take(living, ["y"], B)
    with suppress(RuntimeError), living.turn() as turn:
        assert turn.leases.take({"x": 0}, A)
        turn.leases.give_back(theirs, B)
        assert turn.leases.take({"z": 0}, B)
        assert turn.leases.free([B]) == 1
        raise RuntimeError

    assert held(living, theirs, B) == {"y"}
    with living.look() as turn:
        assert turn.leases.holders("") == {"y": B}
