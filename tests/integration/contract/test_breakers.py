"""What every keeper of circuit breakers promises."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from aegis_batch.application.ports.state import State
from aegis_batch.domain.breaker import Breaker, BreakerState, Provider
from aegis_batch.domain.errors import StateMisfit
from tests.integration.state_files import StateFiles
from tests.integration.state_servers import StateServers

AT = datetime(2026, 11, 22, 5, 0, 1, 234_567, tzinfo=UTC)
OPEN = Breaker(Provider.BACKEND, BreakerState.OPEN, 20, AT)


def kept(state: State) -> set[Breaker]:
    with state.look() as turn:
        return set(turn.breakers.all())


def test_there_is_none_before_one_is_saved(state: State) -> None:
    assert kept(state) == set()


def test_a_breaker_is_kept_as_it_was_saved_last(state: State) -> None:
    half_open = Breaker(Provider.BACKEND, BreakerState.HALF_OPEN, 21, AT.replace(minute=1))
    orders = Breaker(Provider.ORDERS, BreakerState.CLOSED, 0, AT)
    with state.turn() as turn:
        turn.breakers.save(OPEN)
        turn.breakers.save(orders)
    assert kept(state) == {OPEN, orders}

    with state.turn() as turn:
        turn.breakers.save(half_open)
        assert set(turn.breakers.all()) == {half_open, orders}
    assert kept(state) == {half_open, orders}


def test_a_turn_that_is_undone_saves_none(state: State) -> None:
    with suppress(RuntimeError), state.turn() as turn:
        turn.breakers.save(OPEN)
        raise RuntimeError

    assert kept(state) == set()


def test_a_row_that_can_be_no_breaker_is_a_misfit(stored: StateFiles | StateServers) -> None:
    state = stored.open_state()
    with state.turn() as turn:
        turn.breakers.save(OPEN)
    with stored.open().writing() as connection:
        connection.execute(text("UPDATE breakers SET provider = 'the moon'"))

    with pytest.raises(StateMisfit), state.look() as turn:
        turn.breakers.all()
