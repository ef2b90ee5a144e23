"""Serves the control plane in a thread of its own."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn
from fastapi import FastAPI
from loguru import logger
from uvicorn.protocols.http.h11_impl import H11Protocol

from aegis_batch.adapters.inbound.control.problems import problem
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["ControlServer"]

_STOPPING_SECONDS = 5
_CONNECTIONS_MAX = 200
_IDLE_SECONDS = 5
# How long a connection may be there before a whole head of a request has come by it.
_REQUEST_SECONDS = 5


class ControlServer:
    """Listens from the beginning of a context until its end."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Take the application, and where to listen; port 0 is any that is free."""
        self._app = app
        self._address = (host, port)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to listen; raises ``InvalidRequest`` where that can't be done."""
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=128)
            # Its connections have it too. Without it the body of an answer waits until the client
            # has acknowledged its head, 40 ms; asyncio sets it on sockets of its own making alone.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            raise InvalidRequest(
                "control_address_in_use",
                f"The control plane can't listen on {host}, port {port}.",
                "Choose another AEGIS_CONTROL_PORT or AEGIS_CONTROL_HOST, or end what has it.",
            ) from None
        config = uvicorn.Config(
            self._app,
            http=_Connection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_STOPPING_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="control", daemon=True
        )
        self._thread.start()
        bound = listening.getsockname()[1]
        logger.bind(event="control.listening", host=host, port=bound).info(
            "the control plane listens on {}, port {}", host, bound
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Answer what was asked already, for a few seconds at most, and listen no more."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOPPING_SECONDS + 2)
            logger.bind(event="control.stopped").info("the control plane listens no more")


class _Connection(H11Protocol):
    """A connection, of which there may be so many; one that asks for nothing is closed."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Have what is asked for by one connection more than may be refused."""
        super().connection_made(transport)
        if len(self.connections) > _CONNECTIONS_MAX:
            self.app = _refuse_crowd
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look at it no more."""
        self._looking.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._looking = self.loop.call_later(_REQUEST_SECONDS, self._look, self._standing())

    def _look(self, before: tuple[object, bool]) -> None:
        """Close it where it has waited for a request all the time."""
        _, waits = standing = self._standing()
        if waits and standing == before:
            self.transport.close()
        else:
            self._watch()

    def _standing(self) -> tuple[object, bool]:
        """Return its last request, and whether it waits for another."""
        # Before the first there is none.
        return self.cycle, getattr(self.cycle, "response_complete", True)


async def _refuse_crowd(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - of two libraries, which type it differently
    answer = problem(503, "too_many_connections", "There are too many connections already.")
    answer.headers["Connection"] = "close"
    await answer(scope, receive, send)
