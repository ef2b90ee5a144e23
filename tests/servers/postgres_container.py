"""PostgreSQL in a container, by Testcontainers."""

import atexit
import signal as signals
from typing import Literal

from testcontainers.community.postgres import PostgresContainer

from tests.servers.ground import free_port
from tests.servers.postgres import PASSWORD, SETTINGS, SUPERUSER, StopMode

_IMAGE = "postgres:18"
_INNER_PORT = 5432
_STOP_SECONDS = 30
_STOP_SIGNALS: dict[StopMode, signals.Signals] = {
    "smart": signals.SIGTERM,
    "fast": signals.SIGINT,
    "immediate": signals.SIGQUIT,
}
_LOG_TAIL_LINES = 30


class PostgresInContainer:
    """A container that is killed and started again with the data and the port it had."""

    def __init__(self) -> None:
        self.port = free_port()
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self._container = (
            PostgresContainer(
                _IMAGE, username=SUPERUSER, password=PASSWORD, dbname=SUPERUSER, driver=None
            )
            # A port that the engine picks would be another one after each start.
            .with_bind_ports(_INNER_PORT, self.port)
            .with_command(["postgres", *options])
        )
        self._was_started = False
        atexit.register(self.remove)

    @property
    def host(self) -> str:
        """The engine's address, which is another machine's under some set-ups."""
        return str(self._container.get_container_host_ip())

    def start(self) -> None:
        """Create the container, or start the one that was stopped."""
        if self._was_started:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._was_started = True

    def stop(self, mode: StopMode) -> None:
        """Send PostgreSQL, the container's first process, the signal of the mode."""
        inner = self._container.get_wrapped_container()
        inner.kill(signal=_STOP_SIGNALS[mode].name)
        inner.wait(timeout=_STOP_SECONDS)

    def signal(self, name: Literal["kill", "freeze", "thaw"]) -> None:
        """Kill the container, or use the engine's own pause."""
        inner = self._container.get_wrapped_container()
        if name == "kill":
            inner.kill()
            inner.wait(timeout=_STOP_SECONDS)
        elif name == "freeze":
            inner.pause()
        else:
            inner.unpause()

    def failure(self) -> str | None:
        """Give the end of the log when the container isn't running."""
        if not self._was_started:
            return "never started"
        inner = self._container.get_wrapped_container()
        inner.reload()
        if inner.status in {"running", "paused", "created", "restarting"}:
            return None
        return str(inner.logs(tail=_LOG_TAIL_LINES).decode(errors="replace"))

    def remove(self) -> None:
        """Remove the container and its volume."""
        atexit.unregister(self.remove)
        if self._was_started:
            self._container.stop()
            self._was_started = False
