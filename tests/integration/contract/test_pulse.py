"""What every keeper of signs of life promises."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, event

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.state.executors import SqlExecutors
from aegis_batch.adapters.outbound.state.pulse import SqlPulse
from aegis_batch.application.ports.pulse import Pulse
from tests.integration.contract.conftest import opened
from tests.integration.contract.test_executors import AT_ONCE, an_executor
from tests.integration.state_files import StateFiles
from tests.integration.state_records import NOON, SECOND
from tests.integration.state_servers import StateServers


@pytest.fixture
def clock() -> InMemoryClock:
    return InMemoryClock(NOON)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def pulse(request: pytest.FixtureRequest) -> Pulse:
    if request.param == "memory":
        return InMemoryPulse(InMemoryState(InMemoryWorkQueue()))
    return SqlPulse(opened(request).open())


@pytest.fixture(params=["memory", "sqlite"])
def by_the_clock(
    request: pytest.FixtureRequest, clock: InMemoryClock, state_files: StateFiles
) -> Pulse:
    """A pulse that goes by a clock which is handed in."""
    if request.param == "memory":
        return InMemoryPulse(InMemoryState(InMemoryWorkQueue(), clock.now))
    return SqlPulse(state_files.open(), clock.now)


@contextmanager
def beaten_before_the_next_change(connection: Connection, pulse: Pulse) -> Iterator[None]:
    """Have a sign of life given after a transaction has looked, and before it writes."""

    def beat(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        del connection, cursor
        if statement.startswith("UPDATE"):
            assert pulse.beat("m/1")

    event.listen(connection, "before_cursor_execute", beat)
    yield
    event.remove(connection, "before_cursor_execute", beat)


def test_before_the_first_sign_of_life_there_is_none(pulse: Pulse) -> None:
    assert list(pulse.signs(9).executors) == []
    assert not pulse.beat("m/1")


def test_signs_of_life_are_kept_and_end_with_the_last_word(pulse: Pulse) -> None:
    pulse.register(an_executor())
    [first] = pulse.signs(9).executors
    assert first == replace(an_executor(), beaten_at=first.beaten_at)

    assert pulse.beat("m/1")
    [second] = pulse.signs(9).executors
    assert second.beaten_at >= first.beaten_at
    assert pulse.signs(9).now >= second.beaten_at
    pulse.stop("m/1")

    [last] = pulse.signs(9).executors
    assert last.stopped
    assert not pulse.beat("m/1")


def test_who_left_nothing_behind_can_be_forgotten(pulse: Pulse) -> None:
    pulse.register(an_executor())
    pulse.register(an_executor("m/2"))

    pulse.forget("m/1")
    pulse.forget("nobody")

    assert [each.name for each in pulse.signs(9).executors] == ["m/2"]
    assert not pulse.beat("m/1")


def test_the_last_sign_of_an_executor_stands_for_it(
    by_the_clock: Pulse, clock: InMemoryClock
) -> None:
    pulse = by_the_clock
    pulse.register(an_executor())
    assert list(pulse.signs(9).executors) == [an_executor()]
    clock.advance(SECOND)

    assert pulse.beat("m/1")
    assert list(pulse.signs(9).executors) == [replace(an_executor(), beaten_at=NOON + SECOND)]
    clock.advance(SECOND)
    pulse.stop("m/1")

    last = replace(an_executor(), beaten_at=NOON + 2 * SECOND, stopped=True)
    assert list(pulse.signs(9).executors) == [last]
    assert pulse.signs(9).now == NOON + 2 * SECOND


def test_a_name_is_taken_anew_only_by_who_knows_that_its_process_ended(pulse: Pulse) -> None:
    pulse.register(an_executor())
    with pytest.raises(ValueError, match="known"):
        pulse.register(an_executor())

    pulse.register(an_executor(), renews=True)
    assert len(pulse.signs(9).executors) == 1


def test_of_several_executors_the_newest_sign_comes_first(
    by_the_clock: Pulse, clock: InMemoryClock
) -> None:
    pulse = by_the_clock
    for name in ("m/2", "m/1", "m/3"):
        pulse.register(an_executor(name))
        clock.advance(SECOND)
    assert pulse.beat("m/1")

    assert [each.name for each in pulse.signs(2).executors] == ["m/1", "m/3"]


def test_an_executor_whose_clock_went_back_has_the_sign_it_gave_last(
    by_the_clock: Pulse, clock: InMemoryClock
) -> None:
    pulse = by_the_clock
    pulse.register(an_executor())
    clock.set(NOON - SECOND)

    assert pulse.beat("m/1")
    assert [each.beaten_at for each in pulse.signs(9).executors] == [NOON - SECOND]


def test_another_process_sees_it_while_a_turn_is_open(
    stored: "StateFiles | StateServers",
) -> None:
    database = stored.open()
    SqlPulse(database).register(an_executor())

    with database.writing():
        assert len(SqlPulse(stored.open()).signs(9).executors) == 1


def test_on_a_server_no_turn_holds_up_a_sign_of_life(state_servers: StateServers) -> None:
    database = state_servers.open(busy_timeout_seconds=0.05)
    pulse = SqlPulse(database)
    pulse.register(an_executor())

    with database.writing():
        assert pulse.beat("m/1")
        assert SqlPulse(state_servers.open(busy_timeout_seconds=0.05)).beat("m/1")


def test_who_gives_a_sign_of_life_at_the_very_moment_is_not_buried(
    state_servers: StateServers,
) -> None:
    database, pulse = state_servers.open(), SqlPulse(state_servers.open())
    pulse.register(an_executor(lease_seconds=AT_ONCE))

    with database.writing() as connection:

        def now() -> datetime:
            return datetime(2100, 1, 1, tzinfo=UTC)

        with beaten_before_the_next_change(connection, pulse):
            assert list(SqlExecutors(connection, now).bury_silent(9)) == []

    assert pulse.beat("m/1")
