"""A Unix socket before a server that listens on TCP alone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

_PORT = 5432
_CHUNK_BYTES = 65_536


@contextmanager
def unix_socket_to(dsn: str) -> Iterator[str]:
    """Pass one connection on to the server of a URL; yield a URL whose host is a directory."""
    url = urlsplit(dsn)
    # Not in pytest's own directory: a socket's path has at most 107 bytes.
    with (
        TemporaryDirectory(prefix="aegis-socket-") as directory,
        socket.socket(socket.AF_UNIX) as listener,
        socket.create_connection((url.hostname, url.port)) as server,
    ):
        listener.bind(str(Path(directory) / f".s.PGSQL.{_PORT}"))
        listener.listen(1)
        threading.Thread(target=_serve, args=[listener, server], daemon=True).start()
        yield f"{url.scheme}://{url.netloc.partition('@')[0]}@{url.path}?host={directory}"


def _serve(listener: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        client, _address = listener.accept()
        with client:
            threading.Thread(target=_copy, args=[server, client], daemon=True).start()
            _copy(client, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(_CHUNK_BYTES):
            target.sendall(part)
