"""A limit for a server that holds its connection open and says nothing any more."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["Silence"]


class Silence:
    """Ends a connection whose server has kept silent for too long.

    A frozen server, or one behind a dead router, would let libpq wait for ever: the server's own
    statement time-out doesn't run there. Shutting the socket down makes libpq see an end at once.
    """

    def __init__(self) -> None:
        """Start with nothing broken."""
        self._broken = threading.Event()

    @property
    def was_broken(self) -> bool:
        """Whether a connection was ended because of its silence."""
        return self._broken.is_set()

    @contextmanager
    def broken_after(self, seconds: float, file_descriptor: int) -> Iterator[None]:
        """Shut the socket of a file descriptor down unless the block ends within the time."""
        # A duplicate, since libpq may close its own and the number may then be somebody else's.
        with socket.socket(fileno=os.dup(file_descriptor)) as duplicate:
            timer = threading.Timer(seconds, self._break, [duplicate])
            timer.daemon = True
            timer.start()
            try:
                yield
            finally:
                timer.cancel()
                timer.join()

    def _break(self, duplicate: socket.socket) -> None:
        self._broken.set()
        with suppress(OSError):
            duplicate.shutdown(socket.SHUT_RDWR)
