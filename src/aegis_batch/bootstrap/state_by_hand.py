"""The state of the settings, in a process that doesn't serve: opened when it is first needed."""

# ruff: noqa: PLC0415 - a rehearsal needs none of it

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.application.ports.turn import Turn
from aegis_batch.bootstrap.settings import Adapters, Settings
from aegis_batch.domain.errors import StateMisfit

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.application.ports.state import State

__all__ = ["StateByHand", "open_state_by_hand"]

# Whoever waits for the close must not wait long for what only goes with it.
_LOCK_WAIT_SECONDS = 2.0


class StateByHand:
    """The state, which a close by hand can do without.

    One that isn't there yet knows nothing, and is made when the close is recorded.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._open = ExitStack()
        self._opened: tuple[StateDatabase, State] | None = None

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open a transaction to read in; see ``State``."""
        _, state = self._parts()
        with ExitStack() as stack:
            try:
                turn = stack.enter_context(state.look())
            except StateMisfit as misfit:
                if misfit.code != "state_missing":
                    raise
                turn = stack.enter_context(_nothing().look())
            yield turn

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Open a transaction to write in; see ``State``."""
        _, state = self._parts()
        with state.turn() as turn:
            yield turn

    def pulse(self) -> Pulse:
        """Return what keeps signs of life in it; nothing is looked at yet."""
        from aegis_batch.adapters.outbound.state.pulse import SqlPulse

        database, _ = self._parts()
        return SqlPulse(database)

    def close(self) -> None:
        """Close what was opened."""
        self._open.close()

    def _parts(self) -> "tuple[StateDatabase, State]":
        if self._opened is None:
            from aegis_batch.bootstrap.state import build_state, open_database, open_work_engine

            database = self._open.enter_context(
                contextmanager(open_database)(self._settings, _LOCK_WAIT_SECONDS)
            )
            engine = self._open.enter_context(contextmanager(open_work_engine)(self._settings))
            self._opened = database, build_state(database, engine)
        return self._opened


def _nothing() -> "State":
    from aegis_batch.adapters.outbound.memory.state import InMemoryState
    from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue

    return InMemoryState(InMemoryWorkQueue())


def open_state_by_hand(settings: Settings) -> Iterator[StateByHand | None]:
    """Yield the state, and close it; ``None`` for adapters in memory."""
    if settings.adapters is Adapters.MEMORY:
        yield None
        return
    state = StateByHand(settings)
    try:
        yield state
    finally:
        state.close()
