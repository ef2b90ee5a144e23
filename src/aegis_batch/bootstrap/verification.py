"""Verifying by hand: the wiring, with the state where there is one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from aegis_batch.application.verify import VerifyUseCase
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.settings import Adapters, Settings
from aegis_batch.domain.errors import AegisError, StateMisfit

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.application.ports.state import State

__all__ = ["verification_of"]

# Each period asks the state twice; whoever waits for the answer must not wait long for that.
_LOCK_WAIT_SECONDS = 2.0
_MISSING = frozenset({"state_missing"})
_MENDABLE = _MISSING | {"state_not_migrated"}


@contextmanager
def verification_of(container: Container) -> Iterator[VerifyUseCase]:
    """Yield what verifies ranges; the connections to the state end with the context."""
    settings = container.settings()
    with ExitStack() as stack:
        state = _state(settings, stack)
        yield VerifyUseCase(
            verifying=container.verifying(),
            state=state,
            clock=container.clock(),
            metrics=container.metrics(),
            calendars=container.calendars(),
        )


def _state(settings: Settings, stack: ExitStack) -> "State":
    if settings.adapters is Adapters.MEMORY:
        from aegis_batch.adapters.outbound.memory.state import InMemoryState  # noqa: PLC0415
        from aegis_batch.adapters.outbound.memory.work_queue import (  # noqa: PLC0415
            InMemoryWorkQueue,
        )

        return InMemoryState(InMemoryWorkQueue())
    from aegis_batch.bootstrap.state import (  # noqa: PLC0415
        build_state,
        open_database,
        open_work_engine,
    )

    database = stack.enter_context(contextmanager(open_database)(settings, _LOCK_WAIT_SECONDS))
    engine = stack.enter_context(contextmanager(open_work_engine)(settings))
    with suppress(AegisError):
        # What can't be mended shows again when the state is used, and is told then.
        _mend(database, _MENDABLE if settings.state_migrate else _MISSING)
    return build_state(database, engine)


def _mend(database: "StateDatabase", mendable: frozenset[str]) -> None:
    from aegis_batch.adapters.outbound.state.schema import migrate  # noqa: PLC0415

    try:
        with database.reading():
            pass
    except StateMisfit as misfit:
        if misfit.code in mendable:
            migrate(database)
