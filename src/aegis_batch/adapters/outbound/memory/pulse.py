"""Signs of life in memory."""

from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.pulse import Signs

__all__ = ["InMemoryPulse"]


class InMemoryPulse:
    """Keeps signs of life in a state in memory, whatever befalls its turns."""

    def __init__(self, state: InMemoryState) -> None:
        """Take the state."""
        self._state = state

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep an executor as living; ``ValueError`` for a known name, unless it ``renews``."""
        with self._state.beside() as turn:
            turn.executors.register(executor, renews=renews)

    def beat(self, name: str) -> bool:
        """Keep a sign of life; ``False`` where the executor is not living."""
        with self._state.beside() as turn:
            return turn.executors.beat(name)

    def stop(self, name: str) -> None:
        """Keep that an executor went in good order."""
        with self._state.beside() as turn:
            turn.executors.stop(name)

    def forget(self, name: str) -> None:
        """Take an executor out of the registry."""
        with self._state.beside() as turn:
            turn.executors.forget(name)

    def signs(self, limit: int) -> Signs:
        """Return who gave signs of life, at most ``limit`` executors."""
        with self._state.beside() as turn:
            return Signs(self._state.now(), turn.executors.all(limit))
