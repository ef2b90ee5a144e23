"""The registry of executors in memory."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.application.ports.executors import Executor

__all__ = ["InMemoryExecutors"]


class InMemoryExecutors:
    """Keeps executors by their name."""

    def __init__(self, log: UndoLog, now: Callable[[], datetime]) -> None:
        """Take the log to which changes are written, and the clock of the state."""
        self._log = log
        self._now = now
        self._kept: dict[str, Executor] = {}

    def register(self, executor: Executor, *, renews: bool = False) -> None:
        """Keep an executor as living; ``ValueError`` for a known name, unless it ``renews``."""
        if executor.name in self._kept and not renews:
            raise ValueError(f"known: {executor.name}")
        self._put(replace(executor, beaten_at=self._now(), stopped=False, buried=False))

    def beat(self, name: str) -> bool:
        """Keep a sign of life; ``False`` where the executor is not living."""
        known = self._kept.get(name)
        if known is None or not known.is_living:
            return False
        self._put(replace(known, beaten_at=self._now()))
        return True

    def stop(self, name: str) -> None:
        """Keep that an executor went in good order, now."""
        if self.beat(name):
            self._put(replace(self._kept[name], stopped=True))

    def bury_silent(self, limit: int, among: Collection[str] | None = None) -> Sequence[Executor]:
        """Mark as dead who has been silent for its lease, and return them, at most ``limit``."""
        now = self._now()
        silent = [
            replace(each, buried=True)
            for _, each in sorted(self._kept.items())
            if each.is_living and each.is_silent_at(now) and (among is None or each.name in among)
        ][:limit]
        for each in silent:
            self._put(each)
        return silent

    def living(self) -> Collection[str]:
        """Return the names of all that are living, silent or not."""
        return {name for name, each in self._kept.items() if each.is_living}

    def all(self, limit: int) -> Sequence[Executor]:
        """Return executors, the last to give a sign of life first, at most ``limit``."""
        newest_first = sorted(
            self._kept.values(), key=lambda each: (each.beaten_at, each.name), reverse=True
        )
        return newest_first[:limit]

    def forget(self, name: str) -> None:
        """Take an executor out of the registry."""
        if name in self._kept:
            self._log.drop(self._kept, name)

    def forget_gone(self, silent_since: datetime, limit: int) -> int:
        """Delete those that are gone and were heard last before an instant; return how many."""
        gone = [
            (each.beaten_at, name)
            for name, each in self._kept.items()
            if not each.is_living and each.beaten_at < silent_since
        ]
        oldest = sorted(gone)[:limit]
        for _, name in oldest:
            self._log.drop(self._kept, name)
        return len(oldest)

    def _put(self, executor: Executor) -> None:
        self._log.put(self._kept, executor.name, executor)
