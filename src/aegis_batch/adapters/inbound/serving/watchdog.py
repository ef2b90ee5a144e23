"""Ends a process that hangs: whoever keeps it running starts again what exits, not what hangs."""

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aegis_batch.application.ports.clock import Clock

__all__ = ["Watchdog"]

_NAPS = 10


class Watchdog:
    """Looks in a thread of its own whether ticks come, for as long as its context lasts.

    ``on_hang`` is called there, once, with the seconds without a tick and with where the watched
    thread, which made the watchdog, is at. A process that was frozen, and wakes with a clock far
    ahead, is not taken for hung: it gets its time to tick.
    """

    def __init__(
        self, limit_seconds: float, clock: Clock, on_hang: Callable[[float, str], None]
    ) -> None:
        """Take how long no tick may come, and what to do then."""
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._on_hang = on_hang
        self._ticks = 0
        self._extra_seconds = 0.0
        self._watched = threading.get_ident()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def tick(self) -> None:
        """Say that all goes on."""
        self._ticks += 1

    def allow(self, seconds: float) -> None:
        """Let so much more time pass from now on, for something that is known to take it."""
        self._extra_seconds = seconds
        self.tick()

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        nap_seconds = self._limit_seconds / _NAPS
        seen, without_seconds = self._ticks, 0.0
        before = self._clock.monotonic_seconds()
        while not self._ended.wait(nap_seconds):
            now = self._clock.monotonic_seconds()
            # A longer nap than asked for means that the watched thread could not do anything too.
            without_seconds += min(now - before, 2 * nap_seconds)
            before = now
            if self._ticks != seen:
                seen, without_seconds = self._ticks, 0.0
            elif without_seconds > self._limit_seconds + self._extra_seconds:
                self._on_hang(without_seconds, self._place())
                return

    def _place(self) -> str:
        """Return where the watched thread is at: the innermost frame, as ``module:line``."""
        frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - the documented way
        if frame is None:
            return "an ended thread"
        return f"{frame.f_globals.get('__name__', '?')}:{frame.f_lineno}"
