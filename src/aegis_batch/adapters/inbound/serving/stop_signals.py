"""Signals that ask a process which serves to stop: the first in good order, the second at once."""

import os
import select
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

__all__ = ["StopSignals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNAL_STATUS = 128

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class StopSignals:
    """Hears SIGINT, SIGTERM and a closed terminal, for as long as its context lasts.

    It belongs into the main thread. Of a process that ``nohup`` started, the terminal may close.
    """

    def __init__(self) -> None:
        """Hear nothing yet."""
        self._signal_number: int | None = None
        # A pipe, since an event's lock may be held by the very code that a signal interrupts.
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        self._before: dict[int, _Handler] = {}

    @property
    def is_stopping(self) -> bool:
        """Whether a signal has come."""
        return self._signal_number is not None

    @property
    def exit_status(self) -> int | None:
        """The exit status by the shell's convention, 128 and the signal's number, if one came."""
        return None if self._signal_number is None else _SIGNAL_STATUS + self._signal_number

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the first signal; return at once after it."""
        if not self.is_stopping:
            select.select([self._ear], [], [], max(seconds, 0.0))

    def __enter__(self) -> Self:
        """Begin to hear."""
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if number != signal.SIGHUP or before is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave signals to whoever had them before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._ear)
        os.close(self._mouth)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._signal_number is not None:
            # Whoever asks twice doesn't want to wait; the state is fit to go on from at any moment.
            os._exit(_SIGNAL_STATUS + number)
        self._signal_number = number
        os.write(self._mouth, b"\0")
