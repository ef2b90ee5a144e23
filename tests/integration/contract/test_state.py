"""What every state promises: a turn is kept as a whole or not at all, and turns don't mix."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Event

import pytest

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.ports.work_queue import CLOSES, Work
from aegis_batch.domain.errors import StateMisfit, StateUnavailable
from aegis_batch.domain.run import JobKind
from tests.integration.state_files import StateFiles
from tests.integration.state_records import (
    NOON,
    a_dead_letter,
    a_key,
    a_notice,
    a_run,
    a_schedule,
    an_audit_entry,
    an_occurrence,
)
from tests.integration.state_servers import StateServers

Stored = StateFiles | StateServers
WORK = Work(id="r#1", run_id="r", lane=CLOSES, due_at=NOON, rank=1)


class Killed(BaseException):
    """The end of a process, which nothing in it can see."""


def write_everywhere(turn: Turn) -> None:
    turn.schedules.save(a_schedule("s", NOON + timedelta(hours=1)))
    turn.occurrences.add(an_occurrence(schedule="s"))
    turn.runs.add(a_run("r"))
    turn.dead_letters.save(a_dead_letter("r"))
    turn.audit.add(an_audit_entry("r"))
    turn.notices.add(a_notice("n"))
    turn.work.enqueue(WORK)


def all_in(state: State) -> list[object]:
    with state.turn() as turn:
        return [
            *turn.schedules.all(),
            *turn.schedules.due(NOON + timedelta(days=1), 10),
            *turn.occurrences.newest("s", 10),
            *turn.runs.search(RunFilter(), 10),
            *turn.runs.search(RunFilter(key=a_key()), 10),
            *turn.dead_letters.newest(None, 10),
            *filter(None, [turn.dead_letters.open_of(a_key(), JobKind.CLOSE)]),
            *turn.audit.newest(10),
            *turn.notices.due(NOON, 10),
        ]


def in_a_turn(state: State, *deeds: Callable[[Turn], object]) -> None:
    with state.turn() as turn:
        for deed in deeds:
            deed(turn)


def fail_with(error: BaseException) -> Callable[[Turn], None]:
    def deed(_: Turn) -> None:
        raise error

    return deed


def test_a_turn_that_ends_well_is_kept_as_a_whole(state: State) -> None:
    in_a_turn(state, write_everywhere)

    assert len(all_in(state)) == 9


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyboardInterrupt(), Killed()])
def test_a_turn_that_ends_badly_leaves_nothing(state: State, error: BaseException) -> None:
    with pytest.raises(type(error)):
        in_a_turn(state, write_everywhere, fail_with(error))

    assert all_in(state) == []
    in_a_turn(state, write_everywhere)
    assert len(all_in(state)) == 9


def test_a_turn_that_ends_badly_leaves_what_was_there_as_it_was(state: State) -> None:
    in_a_turn(state, write_everywhere)
    before = all_in(state)

    def change(turn: Turn) -> None:
        # Some of it twice, of which the first must be undone last.
        turn.schedules.save(a_schedule("s", NOON))
        turn.runs.save(a_run("r", attempt=1))
        turn.dead_letters.save(a_dead_letter("r", attempts=9))
        turn.notices.save(a_notice("n", attempts=1))
        turn.schedules.save(a_schedule("s", None, retired=True))
        turn.runs.save(a_run("r", key=a_key(tenant="other"), schedule="s"))
        turn.dead_letters.save(a_dead_letter("r", key=a_key(tenant="other")))
        turn.notices.save(a_notice("n", NOON + timedelta(days=9)))
        turn.audit.add(an_audit_entry("other"))

    with pytest.raises(Killed):
        in_a_turn(state, change, fail_with(Killed()))

    assert all_in(state) == before
    in_a_turn(state, change)
    assert all_in(state) != before


def test_a_turn_within_a_turn_is_refused_at_once_and_harms_nothing(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
        with pytest.raises(RuntimeError, match="turn within a turn"):
            in_a_turn(state)

    assert len(all_in(state)) == 2


def test_turns_of_several_threads_come_one_after_the_other(state: State) -> None:
    in_a_turn(state, lambda turn: turn.runs.add(a_run("r")))

    def count_up(_: int) -> None:
        with state.turn() as turn:
            run = turn.runs.get("r")
            assert run is not None
            turn.runs.save(a_run("r", attempt=run.attempt + 1))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(40)))

    with state.turn() as turn:
        assert turn.runs.get("r") == a_run("r", attempt=40)


def test_a_turn_does_not_see_what_another_has_not_committed(state: State) -> None:
    has_written = Event()

    def write_slowly() -> None:
        with state.turn() as turn:
            turn.runs.add(a_run("r"))
            has_written.set()
            turn.runs.save(a_run("r", attempt=1))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_slowly)
        assert has_written.wait(10)
        with state.turn() as turn:
            assert turn.runs.get("r") == a_run("r", attempt=1)
        writing.result()


def test_a_look_sees_what_turns_have_committed(state: State) -> None:
    in_a_turn(state, write_everywhere)

    with state.look() as seen:
        assert seen.runs.get("r") == a_run("r")
        assert seen.schedules.next_due_at() == NOON + timedelta(hours=1)
    in_a_turn(state, lambda turn: turn.runs.save(a_run("r", attempt=1)))
    with state.look() as seen:
        assert seen.runs.get("r") == a_run("r", attempt=1)


def test_a_look_sees_nothing_of_a_turn_that_ends_badly(state: State) -> None:
    has_written, seen = Event(), []

    def write_in_vain() -> None:
        with state.turn() as turn:
            turn.runs.add(a_run("r"))
            has_written.set()
            raise ZeroDivisionError

    def look() -> None:
        with state.look() as turn:
            seen.append(turn.runs.get("r"))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_in_vain)
        assert has_written.wait(10)
        look()
        assert isinstance(writing.exception(10), ZeroDivisionError)
    assert seen == [None]


def test_what_is_written_in_a_look_leaves_nothing(state: State) -> None:
    # A server refuses it.
    with suppress(StateMisfit), state.look() as turn:
        write_everywhere(turn)

    assert all_in(state) == []
    in_a_turn(state, write_everywhere)


def test_a_look_within_a_turn_is_refused_at_once_and_harms_nothing(state: State) -> None:
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
        with pytest.raises(RuntimeError, match="within a turn"), state.look():
            pass

    assert len(all_in(state)) == 2


def test_a_look_waits_for_no_turn_where_the_state_is_in_a_database(stored: Stored) -> None:
    state = stored.open_state(busy_timeout_seconds=0.01)
    in_a_turn(state, lambda turn: turn.runs.add(a_run("r")))

    def look() -> object:
        with state.look() as turn:
            return turn.runs.get("r")

    with ThreadPoolExecutor(1) as pool, state.turn() as turn:
        turn.runs.save(a_run("r", attempt=1))
        assert pool.submit(look).result(10) == a_run("r")


@pytest.mark.parametrize("kind", ["memory", "state_files", "state_servers"])
def test_the_wait_for_another_turn_is_bounded(kind: str, request: pytest.FixtureRequest) -> None:
    state: State
    if kind == "memory":
        state = InMemoryState(InMemoryWorkQueue(wait_seconds=0.01))
    else:
        state = request.getfixturevalue(kind).open_state(busy_timeout_seconds=0.01)
    with ThreadPoolExecutor(1) as pool, state.turn() as turn:
        turn.runs.add(a_run("r"))
        waiting = pool.submit(all_in, state).exception(10)

    assert isinstance(waiting, StateUnavailable)
    assert waiting.code == "state_locked"
    assert len(all_in(state)) == 2


def test_turns_of_several_processes_come_one_after_the_other(stored: Stored) -> None:
    # Each with connections, and a lock between threads, of its own.
    states = [stored.open_state() for _ in range(3)]
    in_a_turn(states[0], lambda turn: turn.runs.add(a_run("r")))

    def count_up(number: int) -> None:
        with states[number % 3].turn() as turn:
            run = turn.runs.get("r")
            assert run is not None
            turn.runs.save(a_run("r", attempt=run.attempt + 1))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count_up, range(30)))

    with states[0].look() as seen:
        assert seen.runs.get("r") == a_run("r", attempt=30)


def test_another_process_waits_for_a_turn_within_bounds(stored: Stored) -> None:
    state, impatient = stored.open_state(), stored.open_state(busy_timeout_seconds=0.05)
    with state.turn() as turn:
        turn.runs.add(a_run("r"))
        with pytest.raises(StateUnavailable) as refused:
            all_in(impatient)

    assert refused.value.code == "state_locked"
    assert len(all_in(impatient)) == 2


def test_the_queue_of_work_is_a_part_of_the_turn(stored: Stored) -> None:
    state = stored.open_state()
    with pytest.raises(Killed):
        in_a_turn(state, write_everywhere, fail_with(Killed()))
    assert stored.queued() == []

    in_a_turn(state, write_everywhere)
    assert stored.queued() == ["r#1"]
    with pytest.raises(Killed):
        in_a_turn(state, lambda turn: turn.work.withdraw("r#1"), fail_with(Killed()))
    assert stored.queued() == ["r#1"]


def test_what_was_committed_is_there_for_whoever_opens_it_next(
    stored: Stored,
) -> None:
    first = stored.open_state()
    in_a_turn(first, write_everywhere)
    stored.close()

    assert all_in(stored.open_state()) == all_in(first)


@pytest.mark.parametrize(
    ("faults", "is_kept"),
    [("begin_faults", False), ("commit_faults", False), ("late_faults", True)],
)
def test_faults_of_the_state_in_memory_come_where_a_real_one_has_them(
    faults: str, *, is_kept: bool
) -> None:
    state = InMemoryState(InMemoryWorkQueue())
    getattr(state, faults).append(StateUnavailable("a_code", "What is wrong.", "What to do."))

    with pytest.raises(StateUnavailable):
        in_a_turn(state, write_everywhere)

    assert bool(all_in(state)) is is_kept


def test_a_look_sees_what_was_kept_and_waits_for_no_writer(stored: Stored) -> None:
    state = stored.open_state()
    in_a_turn(state, write_everywhere)

    with stored.open_state().turn() as turn:
        turn.runs.add(a_run("uncommitted"))
        with state.look() as looking:
            assert [run.id for run in looking.runs.search(RunFilter(), 9)] == ["r"]

    with state.look() as looking:
        assert len(looking.runs.search(RunFilter(), 9)) == 2


def test_a_look_in_memory_sees_what_was_kept_and_fails_as_a_turn_does() -> None:
    state = InMemoryState(InMemoryWorkQueue())
    in_a_turn(state, write_everywhere)
    state.begin_faults.append(StateUnavailable("state_locked", "In use.", "Try later."))

    with pytest.raises(StateUnavailable, match="In use"), state.look():
        raise AssertionError
    with state.look() as looking:
        assert [run.id for run in looking.runs.search(RunFilter(), 9)] == ["r"]
