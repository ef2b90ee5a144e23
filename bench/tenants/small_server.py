"""The stand-in Backend where there is no nginx: ``python -m bench.tenants.small_server PORT LOG``.

It understands as much of HTTP as the bench's own clients speak.
"""

import asyncio
import json
import os
import signal
import sys
import time

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
_END = b"\r\n\r\n"


class _Connection(asyncio.Protocol):
    """Answers the requests of one connection, one after the other."""

    def __init__(self, log: int) -> None:
        self._log = log
        self._waiting = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - no other kind is made here
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (head_end := self._waiting.find(_END)) >= 0:
            first, *lines = self._waiting[:head_end].decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
            end = head_end + len(_END) + int(headers.get("content-length", 0))
            if len(self._waiting) < end:
                return
            body = self._waiting[head_end + len(_END) : end].decode()
            self._waiting = self._waiting[end:]
            self._answer(first.partition(" ")[0], headers.get("x-tenant-id", ""), body)

    def _answer(self, method: str, tenant: str, body: str) -> None:
        told = {"at": time.time(), "method": method, "tenant": tenant, "body": body}
        os.write(self._log, json.dumps(told, separators=(",", ":")).encode() + b"\n")
        assert self._transport is not None  # noqa: S101 - made before anything is received
        self._transport.write(_CREATED if method == "POST" else _NOT_FOUND)


async def _serve(port: int, file: str) -> None:
    log = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(lambda: _Connection(log), "127.0.0.1", port)
    await stopped.wait()
    server.close()
    os.close(log)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
