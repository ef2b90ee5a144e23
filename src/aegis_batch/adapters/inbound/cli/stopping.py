"""Stopping on a signal: as an exception, so that what is open gets closed."""

import signal
from types import FrameType

__all__ = ["Stopped", "stop_on_signals"]

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


def stop_on_signals() -> None:
    """Turn SIGINT, SIGTERM and a closed terminal into ``Stopped``, raised in the main thread once.

    What ``nohup`` started goes on when the terminal is closed.
    """
    for number in _SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(signal_number: int, frame: FrameType | None) -> None:
    del frame
    # A second signal must not break off the closing of what is open.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped(signal_number)
