"""The port for the registry of those that carry out work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

__all__ = ["Executor", "Executors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """A process that carries out work, or schedules it, as it gave its last sign of life.

    ``name`` is no other live process's. ``role`` is ``serve``, ``scheduler``, ``worker``,
    ``backfill`` or ``hand``. It may be buried after ``lease_seconds`` of silence, by the clock of
    the state.
    ``stopped`` says that it went in good order, ``buried`` that others took it for dead.
    """

    name: str
    role: str
    version: str
    started_at: datetime
    beaten_at: datetime
    lease_seconds: float
    stopped: bool = False
    buried: bool = False

    @property
    def is_living(self) -> bool:
        """Whether nobody has said yet that it is gone."""
        return not (self.stopped or self.buried)

    def is_silent_at(self, now: datetime) -> bool:
        """Say whether its lease has run out, by a time of the state's clock."""
        return now - self.beaten_at >= timedelta(seconds=self.lease_seconds)


class Executors(Protocol):
    """Keeps executors by their name, within a turn.

    Times are those of the state's own clock where it has one, so that machines need not agree.
    An executor is living until it stops or is buried. Silence alone changes nothing: whoever
    was silent and has not been buried has lost nothing, and goes on with its next sign of life.
    """

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep an executor as living, with the present as its first sign of life.

        ``ValueError`` where its name is known, a defect; unless it ``renews``: the caller knows
        that the one of this name before it has ended.
        """
        ...

    def beat(self, name: str) -> bool:
        """Keep a sign of life; ``False`` where it is not living (any more): it must end itself."""
        ...

    def stop(self, name: str) -> None:
        """Keep that an executor went in good order, now; nothing where it isn't living."""
        ...

    def bury_silent(self, limit: int, among: Collection[str] | None = None) -> Sequence[Executor]:
        """Mark as dead who has been silent for its lease, and return them, at most ``limit``.

        ``among`` names those who are looked at, ``None`` for all.
        """
        ...

    def living(self) -> Collection[str]:
        """Return the names of all that are living, silent or not."""
        ...
