"""A collector that hangs or isn't there changes neither the result nor much of the time."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aegis_batch.adapters.outbound.otel.telemetry import Process, open_telemetry
from aegis_batch.adapters.outbound.otel.variables import wanted
from aegis_batch.adapters.outbound.system.identifiers import new_span_id
from aegis_batch.domain.events import CloseCompleted, CloseStarted
from aegis_batch.domain.outcome import Outcome
from tests.integration.closing import NOW, ORDERS_JSON, run_of
from tests.integration.program import end, environment, run, start
from tests.integration.raw_tcp import Peer, raw_server
from tests.integration.shop import CLOSE
from tests.servers.ground import free_port

_PROTOCOLS = ("grpc", "http/protobuf")
# What it does, and the reasons that may be told: over gRPC a second try can use up the time.
_REASONS = {
    "hangs": {"timed_out"},
    "dribbles": {"timed_out", "unavailable"},
    "hangs up": {"no_connection", "unavailable", "timed_out"},
    "is not there": {"no_connection", "unavailable", "timed_out"},
    "has no name": {"no_connection", "unavailable", "timed_out"},
}
# The promise for a whole process, and what a busy machine may add to its start; by itself an
# exporter waits 10 s, a span processor or a metric reader 30 s.
_PROMISED_SECONDS = 2.0
_SLACK_SECONDS = 4.0
# Of the promise, what may go by between the close's end and the word that nothing arrived. What
# is before, imports for the most part, does not depend on the collector.
_END_SECONDS = 1.5
# What differs from one close to the next.
_OWN = ("runId", "traceId", "correlationId", "durationMs", "seal")


@contextmanager
def collector_that(does: str) -> Iterator[str]:
    """Yield the address of a collector that does what is said."""

    def serve(peer: Peer) -> None:
        if does == "hangs":
            peer.hang()
        elif does == "dribbles":
            peer.read_head()
            peer.dribble(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 1000, 0.05)

    if does == "has no name":
        yield "http://no-such-collector.invalid:4317"
    elif does == "is not there":
        yield f"http://127.0.0.1:{free_port()}"
    else:
        with raw_server(serve) as port:
            yield f"http://127.0.0.1:{port}"


def exporting_to(url: str, protocol: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        # Asked for, and not granted: the end of a close doesn't wait that long.
        "OTEL_EXPORTER_OTLP_TIMEOUT": "60",
    }


def reasons_of(logged: str) -> set[str]:
    """Return why telemetry was not delivered."""
    lines = map(json.loads, logged.splitlines())
    return {line["reason"] for line in lines if line["event"] == "telemetry.not_delivered"}


def waited_seconds(logged: str) -> float:
    """Return how long after the close's end its telemetry was given up."""
    *_, close, _, last = map(json.loads, logged.splitlines())
    assert (close["event"], last["event"]) == ("job.completed", "telemetry.not_delivered")
    ends = [datetime.fromisoformat(line["time"]) for line in (close, last)]
    return (ends[1] - ends[0]).total_seconds()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    orders = tmp_path / "orders.json"
    orders.write_text(ORDERS_JSON)
    return {"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": str(orders)}


def close_in_seconds(settings: dict[str, str], folder: Path) -> tuple[dict[str, Any], str, float]:
    started = time.monotonic()
    ended = run(CLOSE, settings, folder)
    assert ended.status == 0
    told = {name: value for name, value in ended.told.items() if name not in _OWN}
    return told, ended.err, time.monotonic() - started


@pytest.mark.parametrize("protocol", _PROTOCOLS)
@pytest.mark.parametrize("does", _REASONS)
def test_a_collector_that_is_away_changes_nothing_but_a_little_time(
    settings: dict[str, str], tmp_path: Path, protocol: str, does: str
) -> None:
    usual, _, usual_seconds = close_in_seconds(settings, tmp_path)

    with collector_that(does) as url:
        told, logged, seconds = close_in_seconds(
            {**settings, **exporting_to(url, protocol)}, tmp_path
        )

    assert told == usual
    assert seconds < usual_seconds + _PROMISED_SECONDS + _SLACK_SECONDS
    assert waited_seconds(logged) < _END_SECONDS
    assert reasons_of(logged) <= _REASONS[does]
    assert logged.count('"event":"telemetry.not_delivered"') == 2
    # Nothing of what the libraries themselves have to say.
    assert all(line.startswith('{"time":') for line in logged.splitlines())
    assert "127.0.0.1" not in logged
    assert "Traceback" not in logged


@pytest.mark.parametrize("protocol", _PROTOCOLS)
@pytest.mark.parametrize("content", ["no certificate", None], ids=["broken", "missing"])
def test_a_certificate_that_is_none_costs_the_telemetry_and_no_more(
    settings: dict[str, str], tmp_path: Path, protocol: str, content: str | None
) -> None:
    certificate = tmp_path / "certificate.pem"
    if content is not None:
        certificate.write_text(content)
    exporting = {
        **exporting_to(f"https://127.0.0.1:{free_port()}", protocol),
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
    }

    _, logged, _ = close_in_seconds({**settings, **exporting}, tmp_path)

    # gRPC's core, written in C, complains by itself.
    assert all(line.startswith('{"time":') for line in logged.splitlines())
    assert logged.count('"event":"telemetry.not_delivered"') == 2


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_a_close_that_had_ended_is_told_although_its_export_is_broken_off(
    settings: dict[str, str], tmp_path: Path, protocol: str
) -> None:
    connected = threading.Event()

    def hang(peer: Peer) -> None:
        connected.set()
        peer.hang()

    with raw_server(hang) as port:
        exporting = exporting_to(f"http://127.0.0.1:{port}", protocol)
        process = start(CLOSE, {**settings, **exporting}, tmp_path)
        assert connected.wait(30)
        process.terminate()
        ended = end(process)

    assert (ended.status, ended.told["outcome"]) == (0, "created")


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_the_end_of_telemetry_is_bounded_by_itself(
    monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    told: list[tuple[str, str, str | None]] = []

    def warn(code: str, about: str, reason: str | None = None) -> None:
        told.append((code, about, reason))

    process = Process("instance", "1.2.3", new_span_id, time.monotonic, warn)
    with collector_that("hangs") as url:
        for name, value in exporting_to(url, protocol).items():
            monkeypatch.setenv(name, value)
        with open_telemetry(wanted(exporting_to(url, protocol)), process) as sink:
            sink.emit(CloseStarted(run=run_of(), at=NOW, dry_run=False))
            before_end = time.monotonic()
        took_seconds = time.monotonic() - before_end

    assert took_seconds < _PROMISED_SECONDS
    assert ("telemetry_not_delivered", "traces", "timed_out") in told


@pytest.mark.parametrize(
    ("signal", "temporality", "missed"),
    [
        ("traces", "cumulative", [("traces", "http_400")]),
        ("metrics", "cumulative", []),
        ("metrics", "delta", [("metrics", "http_400")]),
    ],
)
def test_what_was_lost_in_the_middle_of_a_run_is_told_at_its_end(
    monkeypatch: pytest.MonkeyPatch, signal: str, temporality: str, missed: list[tuple[str, str]]
) -> None:
    told: list[tuple[str, str | None]] = []
    answers = iter([b"400 Bad Request"])
    answered = threading.Event()

    def refuse_once(peer: Peer) -> None:
        while peer.read_head():
            status = next(answers, b"200 OK")
            peer.connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
            if status == b"200 OK":
                answered.set()

    def warn(code: str, about: str, reason: str | None = None) -> None:
        assert code == "telemetry_not_delivered"
        told.append((about, reason))

    process = Process("instance", "1.2.3", new_span_id, time.monotonic, warn)
    with raw_server(refuse_once) as port:
        variables = {
            f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": temporality,
            "OTEL_BSP_SCHEDULE_DELAY": "10",
            "OTEL_METRIC_EXPORT_INTERVAL": "10",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with open_telemetry(wanted(variables), process) as sink:
            while not answered.is_set():
                sink.emit(CloseStarted(run=run_of(), at=NOW, dry_run=False))
                sink.emit(
                    CloseCompleted(
                        run=run_of(),
                        at=NOW,
                        dry_run=False,
                        outcome=Outcome.CREATED,
                        orders=2,
                        duration_ms=1.0,
                    )
                )
                answered.wait(0.01)

    assert told == missed


_CLOSE_AND_LIST = """
import sys
from aegis_batch.__main__ import main
sys.argv = ["aegis-batch", "close", "--date", "2026-11-21", "--output", "json"]
status = main()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(status)
"""


def packages_of_a_close(settings: dict[str, str], folder: Path) -> set[str]:
    """Return the packages that a close has imported by its end."""
    ended = subprocess.run(
        [sys.executable, "-c", _CLOSE_AND_LIST],
        env=environment(**settings),
        cwd=folder,
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )
    return set(ended.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_SERVICE_NAME": "books", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "none",
        },
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
    ids=["nothing", "no endpoint", "disabled", "no signal", "empty"],
)
def test_nothing_is_imported_where_nothing_is_to_be_exported(
    settings: dict[str, str], tmp_path: Path, variables: dict[str, str]
) -> None:
    packages = packages_of_a_close({**settings, **variables}, tmp_path)

    assert "aegis_batch" in packages
    assert packages.isdisjoint({"google", "grpc", "opentelemetry", "requests", "urllib3"})


def test_only_the_exporters_of_the_protocol_are_imported(
    settings: dict[str, str], tmp_path: Path
) -> None:
    over_http = exporting_to("http://127.0.0.1:1", "http/protobuf")

    packages = packages_of_a_close({**settings, **over_http}, tmp_path)

    assert "opentelemetry" in packages
    assert "grpc" not in packages
