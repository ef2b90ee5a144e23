"""What makes the state in memory change all at once or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Any, TypeVar

from aegis_batch.domain.errors import StateUnavailable

__all__ = ["UndoLog"]

_K = TypeVar("_K")
_V = TypeVar("_V")


class UndoLog:
    """Remembers how to undo each change of the transaction that is open; one is, at most.

    What is kept in several places (the state, the queue of work) changes as one where all of them
    write through the same log.
    """

    def __init__(self, wait_seconds: float) -> None:
        """Take how long a transaction waits for the one before it to end."""
        self._wait_seconds = wait_seconds
        self._lock = Lock()
        self._owner: int | None = None
        self._undoing: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    @contextmanager
    def transaction(self, *, keeps: bool = True) -> Iterator[None]:
        """Keep the changes made within where it ends well, and undo them all where it doesn't.

        Where it is not one that ``keeps``, they are undone in any case.

        Raises ``StateUnavailable`` where another thread's transaction doesn't end in time, and
        ``RuntimeError`` for one within another of the same thread: a defect, since on a real
        state it would wait for itself.
        """
        if self._owner == get_ident():
            raise RuntimeError("a turn within a turn")
        if not self._lock.acquire(timeout=self._wait_seconds):
            raise StateUnavailable(
                "state_locked",
                "The state is in use by another thread.",
                "Try again later.",
            )
        self._owner = get_ident()
        is_kept = False
        try:
            yield
            is_kept = keeps
        finally:
            if not is_kept:
                self._undo()
            self._undoing.clear()
            self._owner = None
            self._lock.release()

    def put(self, kept: dict[_K, _V], key: _K, value: _V) -> None:
        """Set the value of a key."""
        if key in kept:
            self.changed(kept.__setitem__, key, kept[key])
        else:
            self.changed(kept.__delitem__, key)
        kept[key] = value

    def drop(self, kept: dict[_K, _V], key: _K) -> _V:
        """Take a key away and return its value; ``KeyError`` where it isn't there."""
        value = kept[key]
        self.changed(kept.__setitem__, key, value)
        del kept[key]
        return value

    def changed(self, undo: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401 - whatever the call takes
        """Remember the call that undoes a change, before it is made.

        ``RuntimeError`` outside of a transaction of the present thread: a defect.
        """
        if self._owner != get_ident():
            raise RuntimeError("a change outside of a turn")
        self._undoing.append((undo, arguments))

    def _undo(self) -> None:
        for undo, arguments in reversed(self._undoing):
            undo(*arguments)
