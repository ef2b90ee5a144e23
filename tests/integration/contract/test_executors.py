"""What every registry of executors promises."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.executors import InMemoryExecutors
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.state.executors import SqlExecutors
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.state import State
from tests.integration.state_files import StateFiles, TableIntake
from tests.integration.state_records import NOON, SECOND

# Silent from the first moment on; and never silent in a test.
AT_ONCE, NEVER = 0.0, 1e6


def an_executor(name: str = "m/1", lease_seconds: float = NEVER) -> Executor:
    return Executor(
        name=name,
        role="worker",
        version="0.1.0",
        started_at=NOON - SECOND,
        beaten_at=NOON,
        lease_seconds=lease_seconds,
    )


def register(state: State, *executors: Executor) -> None:
    with state.turn() as turn:
        for executor in executors:
            turn.executors.register(executor)


def known(state: State) -> list[Executor]:
    """Return all that the registry knows, whoever gave the last sign of life first."""
    with state.look() as turn:
        executors = turn.executors
        # The port for that is the pulse, which waits for no turn.
        assert isinstance(executors, InMemoryExecutors | SqlExecutors)
        return list(executors.all(9))


def found(state: State, name: str = "m/1") -> Executor:
    [executor] = [each for each in known(state) if each.name == name]
    return executor


def beats(state: State, name: str = "m/1") -> bool:
    with state.turn() as turn:
        return turn.executors.beat(name)


def test_an_executor_is_living_from_the_moment_it_registers(state: State) -> None:
    register(state, an_executor())

    kept = found(state)
    assert kept == replace(an_executor(), beaten_at=kept.beaten_at)
    assert kept.is_living
    with state.look() as turn:
        assert set(turn.executors.living()) == {"m/1"}


def test_a_name_is_given_once(state: State) -> None:
    register(state, an_executor())
    with pytest.raises(ValueError, match="known"):
        register(state, an_executor())


def test_who_holds_the_state_alone_takes_the_place_of_the_one_before(state: State) -> None:
    register(state, an_executor(lease_seconds=AT_ONCE))
    with state.turn() as turn:
        turn.executors.bury_silent(9)

    with state.turn() as turn:
        turn.executors.register(an_executor(), renews=True)

    assert found(state).is_living
    assert beats(state)


def test_who_goes_in_good_order_is_living_no_more(state: State) -> None:
    register(state, an_executor(), an_executor("m/2"))

    with state.turn() as turn:
        turn.executors.stop("m/1")
        turn.executors.stop("nobody")

    assert found(state).stopped
    assert not beats(state)
    with state.look() as turn:
        assert set(turn.executors.living()) == {"m/2"}


def test_the_silent_are_buried_once_and_hear_of_it_at_their_next_beat(state: State) -> None:
    register(state, an_executor(lease_seconds=AT_ONCE), an_executor("m/2"))

    with state.turn() as turn:
        assert [each.name for each in turn.executors.bury_silent(9)] == ["m/1"]
    with state.turn() as turn:
        assert not turn.executors.bury_silent(9)
        turn.executors.stop("m/1")

    assert found(state).buried
    assert not found(state).stopped
    assert not beats(state)
    assert beats(state, "m/2")
    assert not beats(state, "nobody")


def test_who_was_silent_and_is_not_buried_goes_on(state: State) -> None:
    register(state, an_executor(lease_seconds=AT_ONCE))

    assert beats(state)
    assert found(state).is_living


def test_who_has_stopped_is_not_buried(state: State) -> None:
    register(state, an_executor(lease_seconds=AT_ONCE))
    with state.turn() as turn:
        turn.executors.stop("m/1")

    with state.turn() as turn:
        assert not turn.executors.bury_silent(9)


def test_no_more_are_buried_at_once_than_asked_for(state: State) -> None:
    register(state, *(an_executor(f"m/{number}", AT_ONCE) for number in range(3)))

    with state.turn() as turn:
        assert len(turn.executors.bury_silent(2)) == 2
        assert len(turn.executors.living()) == 1


def test_who_is_looked_at_can_be_named(state: State) -> None:
    register(state, *(an_executor(f"m/{number}", AT_ONCE) for number in range(3)))

    with state.turn() as turn:
        assert turn.executors.bury_silent(9, set()) == []
        assert [each.name for each in turn.executors.bury_silent(9, {"m/1", "no"})] == ["m/1"]
        assert set(turn.executors.living()) == {"m/0", "m/2"}


def test_a_turn_that_is_undone_leaves_the_registry_as_it_was(state: State) -> None:
    register(state, an_executor(lease_seconds=AT_ONCE))
    with suppress(RuntimeError), state.turn() as turn:
        turn.executors.register(an_executor("m/2"))
        assert turn.executors.bury_silent(9)
        raise RuntimeError

    with state.look() as turn:
        assert set(turn.executors.living()) == {"m/1"}
    assert beats(state)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_without_a_clock_of_the_states_own_the_one_handed_in_counts(
    kind: str, state_files: StateFiles
) -> None:
    clock = InMemoryClock(NOON)
    state: State
    if kind == "memory":
        state = InMemoryState(InMemoryWorkQueue(), clock.now)
    else:
        state = SqlState(state_files.open(), TableIntake, clock.now)
    register(state, an_executor("m/1", 30.0), an_executor("m/2", 40.0))
    assert found(state).beaten_at == NOON

    def buried_after(seconds: float) -> list[str]:
        clock.advance(timedelta(seconds=seconds))
        with state.turn() as turn:
            return [each.name for each in turn.executors.bury_silent(9)]

    assert buried_after(29.9) == []
    assert beats(state)
    assert buried_after(29.9) == ["m/2"]
    assert _age(state, clock.now()) == timedelta(seconds=29.9)
    assert buried_after(0.1) == ["m/1"]


def _age(state: State, now: datetime) -> timedelta:
    return now - found(state).beaten_at
