"""The port for dead letters."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.run import CloseKey, JobKind

__all__ = ["DeadLetters"]


class DeadLetters(Protocol):
    """Keeps dead letters by the id of their run, within a turn."""

    def save(self, letter: DeadLetter) -> None:
        """Keep a dead letter, in the place of the one of the same run."""
        ...

    def get(self, run_id: str) -> DeadLetter | None:
        """Return the dead letter of a run; ``None`` where there is none."""
        ...

    def newest(
        self, state: DeadLetterState | None, limit: int, *, tenant: str | None = None
    ) -> Sequence[DeadLetter]:
        """Return dead letters, in one state or in any, the last to die first.

        Those of one tenant, where one is named.
        """
        ...

    def of(self, key: CloseKey, limit: int) -> Sequence[DeadLetter]:
        """Return the dead letters of closes with this key, the last to die first.

        A night goes by the key of a day, too, and is none of them.
        """
        ...

    def open_of(self, key: CloseKey, job: JobKind) -> DeadLetter | None:
        """Return the newest open dead letter of a key's job; ``None`` where there is none."""
        ...
