"""The port for signs of life, beside the turns: neither waits for the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aegis_batch.application.ports.executors import Executor

__all__ = ["Pulse", "Signs"]


@dataclass(frozen=True, slots=True)
class Signs:
    """The executors, whoever gave the last sign of life first, at a time of the state's clock."""

    now: datetime
    executors: Sequence[Executor]


class Pulse(Protocol):
    """Keeps signs of life where other processes can see them; see ``Executors``.

    Each call is a transaction of its own, which no turn holds up. All raise ``StateUnavailable``
    and ``StateMisfit``.
    """

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep an executor as living; see ``Executors.register``."""
        ...

    def beat(self, name: str) -> bool:
        """Keep a sign of life; ``False`` where the executor is not living (any more)."""
        ...

    def stop(self, name: str) -> None:
        """Keep that an executor went in good order."""
        ...

    def forget(self, name: str) -> None:
        """Take an executor out of the registry, which left nothing that others ask for."""
        ...

    def signs(self, limit: int) -> Signs:
        """Return who gave signs of life, at most ``limit`` executors."""
        ...
