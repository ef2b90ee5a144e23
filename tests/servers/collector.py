"""A real OpenTelemetry collector: PyPI's rotel, which prints whatever arrives."""

import atexit
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import rotel

from tests.servers.ground import ServerError, free_port, wait_until

_START_SECONDS = 30.0
_ARRIVE_SECONDS = 30.0
_END_SECONDS = 30.0
_HEADING = re.compile(r"(ResourceSpans|ResourceMetrics|Span|SpanEvent|Metric|\w+DataPoints) #\d+$")
_VALUE = re.compile(r"\w+\((.*)\)")


@dataclass
class Received:
    """A span, an event of one, or a metric's point: what was printed of it, as text.

    ``resource`` says what process it came from; ``name`` is that of the span or of the metric.
    """

    name: str
    values: dict[str, str]
    resource: dict[str, str] = field(default_factory=dict)
    events: "list[Received]" = field(default_factory=list)


class Collector:
    """One collector on 127.0.0.1, over gRPC and HTTP; it keeps what it prints."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="aegis-collector-"))
        self._log = self._directory / "log"
        self._ports = {"grpc": free_port(), "http/protobuf": free_port()}
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.remove)

    def url(self, protocol: str) -> str:
        """Return the address for ``grpc`` or ``http/protobuf``."""
        return f"http://127.0.0.1:{self._ports[protocol]}"

    def start(self) -> None:
        """Start the collector.

        Raises:
            ServerError: it ended, or didn't listen in time.
        """
        grpc, http = (f"127.0.0.1:{port}" for port in self._ports.values())
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(str(Path(rotel.__file__).parent / "rotel-agent"), "start"),
                    *("--otlp-grpc-endpoint", grpc, "--otlp-http-endpoint", http),
                    *("--exporter", "blackhole"),
                    *("--debug-log", "traces", "--debug-log", "metrics"),
                    *("--debug-log-verbosity", "detailed"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env={"PATH": os.defpath, "HOME": str(self._directory)},
                start_new_session=True,
            )
        wait_until(self._listens, what="the collector to listen", timeout_seconds=_START_SECONDS)

    def log(self) -> str:
        """Return all that the collector has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def spans(self, count: int) -> list[Received]:
        """Wait until at least so many spans are here, and return all, as they came."""
        return self._wait_for(_spans, count, f"{count} spans to arrive")

    def points(self, count: int) -> list[Received]:
        """Wait until at least so many points of metrics are here, and return all."""
        return self._wait_for(_points, count, f"{count} points to arrive")

    def remove(self) -> None:
        """End the collector, and take away what it printed."""
        atexit.unregister(self.remove)
        if self._process is not None:
            self._process.kill()
            self._process.wait(_END_SECONDS)
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def _wait_for(
        self, read: Callable[[str], list[Received]], count: int, what: str
    ) -> list[Received]:
        seen = ""

        def is_whole() -> bool:
            # Unchanged since the last look: what arrived last is printed to its end.
            nonlocal seen
            before, seen = seen, self.log()
            return seen == before and len(read(seen)) >= count

        wait_until(is_whole, what=what, timeout_seconds=_ARRIVE_SECONDS)
        return read(seen)

    def _listens(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise ServerError(f"The collector ended while it started:\n{self.log()}")
        for port in self._ports.values():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return False
        return True


def start_collector() -> Collector:
    """Start a collector.

    Raises:
        ServerError: it didn't start; the message says what it printed.
    """
    collector = Collector()
    try:
        collector.start()
    except BaseException:
        collector.remove()
        raise
    return collector


def _blocks(log: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Cut what was printed at its headings: the kind of each part, and its values."""
    kind, values = "", dict[str, str]()
    for line in log.splitlines():
        heading = _HEADING.match(line)
        if heading:
            yield kind, values
            kind, values = heading.group(1), {}
            continue
        name, _, value = (part.strip() for part in line.partition(":"))
        typed = _VALUE.fullmatch(value)
        values[name.removeprefix("->").strip()] = typed.group(1) if typed else value
    yield kind, values


def _spans(log: str) -> list[Received]:
    resource: dict[str, str] = {}
    spans: list[Received] = []
    for kind, values in _blocks(log):
        if kind == "ResourceSpans":
            resource = values
        elif kind == "Span":
            spans.append(Received(values.get("Name", ""), values, resource))
        elif kind == "SpanEvent":
            spans[-1].events.append(Received(values.get("Name", ""), values))
    return spans


def _points(log: str) -> list[Received]:
    resource: dict[str, str] = {}
    metric = ""
    points: list[Received] = []
    for kind, values in _blocks(log):
        if kind == "ResourceMetrics":
            resource = values
        elif kind == "Metric":
            metric = values.get("Name", "")
        elif kind.endswith("DataPoints"):
            points.append(Received(metric, values, resource))
    return points
