"""A TCP server that does with each connection what a test says, byte for byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_CONNECTIONS_MAX = 32


@dataclass(frozen=True)
class Peer:
    """The server's end of one connection."""

    connection: socket.socket
    _stopped: threading.Event

    def read_head(self) -> bytes:
        """Read until the end of a request's head."""
        head = b""
        while b"\r\n\r\n" not in head:
            part = self.connection.recv(1)
            if not part:
                break
            head += part
        return head

    def dribble(self, content: bytes, interval_seconds: float) -> None:
        """Send byte after byte, each after a wait, until the other side or the test ends."""
        for number in range(len(content)):
            if self.pause(interval_seconds):
                return
            self.connection.sendall(content[number : number + 1])

    def pause(self, seconds: float) -> bool:
        """Wait; say whether the test has ended meanwhile."""
        return self._stopped.wait(seconds)

    def hang(self) -> None:
        """Do nothing until the test ends."""
        self._stopped.wait()


@contextmanager
def raw_server(serve: Callable[[Peer], None], host: str = "127.0.0.1") -> Iterator[int]:
    """Serve each connection in a thread of its own; yield the port."""
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def work(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            serve(Peer(connection, stopped))

    def accept() -> None:
        for _ in range(_CONNECTIONS_MAX):
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=work, args=(connection,))
            threads.append(thread)
            thread.start()

    with socket.create_server((host, 0)) as listener:
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stopped.set()
            # Closing alone would not wake the thread that waits for a connection.
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()
