"""WireMock in a container, by Testcontainers."""

import atexit

from testcontainers.core.container import DockerContainer

from tests.servers.wiremock import JOURNAL_LIMIT_BYTES

# The version that package-lock.json pins for the jar.
_IMAGE = "wiremock/wiremock:3.13.2"
_INNER_PORT = 8080
_FILES = "/home/wiremock/__files"
_LOG_TAIL_LINES = 30


class WireMockInContainer:
    """One container; the engine picks the port.

    The Python client has a container class too, which at import warns that it stands on a
    deprecated part of Testcontainers; a plain container is all that is needed.
    """

    def __init__(self) -> None:
        self._container = (
            DockerContainer(_IMAGE)
            .with_exposed_ports(_INNER_PORT)
            .with_command(
                [
                    *("--port", str(_INNER_PORT)),
                    *("--logged-response-body-size-limit", str(JOURNAL_LIMIT_BYTES)),
                    # Bodies arrive as the test wrote them.
                    *("--disable-gzip", "--disable-banner", "--disable-request-logging"),
                ]
            )
        )
        self._was_started = False
        atexit.register(self.remove)

    @property
    def url(self) -> str:
        """The address at which the engine shows the server."""
        host = self._container.get_container_host_ip()
        return f"http://{host}:{self._container.get_exposed_port(_INNER_PORT)}"

    def start(self) -> None:
        """Start the container."""
        self._container.start()
        self._was_started = True

    def put_file(self, name: str, content: bytes) -> None:
        """Copy the file into the container."""
        self._container.copy_into_container(content, f"{_FILES}/{name}")

    def failure(self) -> str | None:
        """Give the end of the log when the container isn't running."""
        if not self._was_started:
            return "never started"
        inner = self._container.get_wrapped_container()
        inner.reload()
        if inner.status == "running":
            return None
        return str(inner.logs(tail=_LOG_TAIL_LINES).decode(errors="replace"))

    def remove(self) -> None:
        """Remove the container."""
        atexit.unregister(self.remove)
        if self._was_started:
            self._container.stop()
            self._was_started = False
