"""Stopping on a signal: as an exception, so that what is open gets closed."""

import os
import signal
from collections.abc import Callable
from types import FrameType

__all__ = [
    "Stopped",
    "end_at_once_on_signals",
    "hold_signals",
    "let_signals_in",
    "stop_on_signals",
]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop; libraries treat it as Ctrl-C."""

    def __init__(self, signal_number: int) -> None:
        """Take the number of the signal."""
        super().__init__(signal_number)
        self.signal_number = signal_number

    @property
    def exit_status(self) -> int:
        """The exit status by the shell's convention: 128 and the signal's number."""
        return 128 + self.signal_number


def hold_signals() -> None:
    """Keep the signals waiting until ``let_signals_in``: nothing could answer them before."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def let_signals_in() -> None:
    """Take the signals that were held, and those to come."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def stop_on_signals() -> None:
    """Turn SIGINT, SIGTERM and a closed terminal into ``Stopped``, raised in the main thread once.

    What ``nohup`` started goes on when the terminal is closed.
    """
    for number in _SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def end_at_once_on_signals() -> None:
    """Let a first signal end the process without a word: nothing is open that had to be closed."""
    _replace_stop(_end)


def _stop(signal_number: int, frame: FrameType | None) -> None:
    del frame
    # A second signal must not break off the closing of what is open.
    _replace_stop(_pass)
    raise Stopped(signal_number)


def _pass(signal_number: int, frame: FrameType | None) -> None:
    # Not SIG_IGN: of a signal that came just before, Python would complain on standard error.
    del signal_number, frame


def _end(signal_number: int, frame: FrameType | None) -> None:
    del frame
    os._exit(128 + signal_number)


def _replace_stop(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, handler)
