"""The port for the sign of life of the process that serves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["Beat", "Pulse"]


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life of an executor; ``stopped`` says that it went in good order."""

    executor: str
    version: str
    started_at: datetime
    beaten_at: datetime
    stopped: bool = False


class Pulse(Protocol):
    """Keeps the last sign of life of each executor, where other processes can see it."""

    def beat(self, beat: Beat) -> None:
        """Keep a sign of life. Raises ``StateUnavailable`` and ``StateMisfit``."""
        ...

    def of(self, executor: str) -> Beat | None:
        """Return the sign of life that an executor gave last; ``None`` where there was none ever.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def last(self) -> Beat | None:
        """Return the newest sign of life of any executor; ``None`` where there was none ever.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        ...
