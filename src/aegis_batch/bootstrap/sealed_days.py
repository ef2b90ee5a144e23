"""What merges weeks and months from the seals of their days, in a process that doesn't serve."""

# ruff: noqa: PLC0415 - a close of a day needs none of it

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from aegis_batch.application.deriving import ReportPolicy
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.bootstrap.settings import Adapters, Settings
from aegis_batch.domain.errors import StateMisfit

if TYPE_CHECKING:
    from aegis_batch.application.ports.state import State

__all__ = ["StateByHand", "open_sealed_days"]

# Whoever waits for the close must not wait long for what only makes it shorter.
_LOCK_WAIT_SECONDS = 2.0


class StateByHand:
    """The state of the settings, opened for the first look; most closes by hand have none.

    A state that isn't there yet knows nothing, and is made when the close is recorded.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._open = ExitStack()
        self._state: State | None = None

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Open a transaction to read in; see ``State``."""
        if self._state is None:
            from aegis_batch.bootstrap.state import build_state, open_database, open_work_engine

            database = self._open.enter_context(
                contextmanager(open_database)(self._settings, _LOCK_WAIT_SECONDS)
            )
            engine = self._open.enter_context(contextmanager(open_work_engine)(self._settings))
            self._state = build_state(database, engine)
        with ExitStack() as stack:
            try:
                turn = stack.enter_context(self._state.look())
            except StateMisfit as misfit:
                if misfit.code != "state_missing":
                    raise
                turn = stack.enter_context(_nothing().look())
            yield turn

    def close(self) -> None:
        """Close what was opened."""
        self._open.close()


def _nothing() -> "State":
    from aegis_batch.adapters.outbound.memory.state import InMemoryState
    from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue

    return InMemoryState(InMemoryWorkQueue())


def open_sealed_days(settings: Settings, policy: ReportPolicy) -> Iterator[SealedDays | None]:
    """Yield what merges days, and close its state; ``None`` for adapters in memory."""
    if settings.adapters is Adapters.MEMORY:
        yield None
        return
    state = StateByHand(settings)
    try:
        yield SealedDays(state.look, policy)
    finally:
        state.close()
