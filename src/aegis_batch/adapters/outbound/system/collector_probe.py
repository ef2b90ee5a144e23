"""Knocking at an address of the network."""

import queue
import socket
import threading

__all__ = ["TcpCollectorProbe"]

_SECONDS = 3.0


class TcpCollectorProbe:
    """Opens a TCP connection and closes it, without a word."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        """Take the time that looking the name up and connecting may take in all."""
        self._seconds = seconds

    def accepts(self, host: str, port: int) -> bool:
        """Say whether something accepts connections there; see the port."""
        # In a thread of its own, since the system's resolver takes no time limit.
        answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        arguments = (host, port, self._seconds, answers)
        threading.Thread(target=_knock, args=arguments, daemon=True).start()
        try:
            return answers.get(timeout=self._seconds)
        except queue.Empty:
            return False


def _knock(host: str, port: int, seconds: float, answers: "queue.SimpleQueue[bool]") -> None:
    try:
        with socket.create_connection((host, port), timeout=seconds):
            answers.put(True)  # noqa: FBT003 - the answer itself
    except (OSError, ValueError, OverflowError):
        # ValueError: a name that can't be written as a host's (UnicodeError is such a one).
        answers.put(False)  # noqa: FBT003
