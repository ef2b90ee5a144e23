"""Spans and metrics as a real collector receives them, from the program in a process of its own."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from tests.integration.answer_line import FIND_PATH, SUBMIT_PATH, play
from tests.integration.backend_answers import ABSENT, BUSY, CREATED, FAILING
from tests.integration.closing import DAY, ORDERS_JSON
from tests.integration.program import run
from tests.integration.raw_tcp import Peer, raw_server
from tests.integration.shop import CLOSE, open_shop, settings_for
from tests.servers.collector import Collector, Received
from tests.servers.postgres import Database
from tests.servers.wiremock import WireMockServer

_TOKEN = "canaryTOKEN-47zq11"
_HEADER = "canaryHEADER-47zq11"
_PROTOCOLS = ("grpc", "http/protobuf")
_CONTRACT = ("batch_execution_success", "batch_execution_failure", "batch_execution_duration_ms")


def exporting_to(url: str, protocol: str) -> dict[str, str]:
    """Return the standard variables that name a collector."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-key={_HEADER}",
    }


def of(received: list[Received], name: str) -> list[Mapping[str, str]]:
    """Return the values of all that have a name."""
    return [one.values for one in received if one.name == name]


def reasons_of(logged: str) -> list[str]:
    """Return why telemetry was not delivered, signal by signal."""
    lines = map(json.loads, logged.splitlines())
    return [line["reason"] for line in lines if line["event"] == "telemetry.not_delivered"]


@pytest.fixture
def shop(database: Database, wiremock: WireMockServer) -> dict[str, str]:
    """The settings of a close over real servers."""
    open_shop(database)
    return dict(settings_for(database, wiremock.url, _TOKEN))


@pytest.fixture
def in_memory(tmp_path: Path) -> dict[str, str]:
    """The settings of a close that needs no server."""
    orders = tmp_path / "orders.json"
    orders.write_text(ORDERS_JSON)
    return {"AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": str(orders)}


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_a_close_arrives_as_one_trace_that_goes_on_in_the_backend(
    shop: dict[str, str],
    wiremock: WireMockServer,
    collector: Collector,
    tmp_path: Path,
    protocol: str,
) -> None:
    play(wiremock, "GET", FIND_PATH, BUSY, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, CREATED)

    ended = run(CLOSE, {**shop, **exporting_to(collector.url(protocol), protocol)}, tmp_path)

    assert ended.told["outcome"] == "created"
    find, read, submit, close = collector.spans(4)
    assert [span.name for span in (find, read, submit, close)] == [
        "report.find",
        "orders.read",
        "report.submit",
        "close",
    ]
    trace_id = ended.told["traceId"]
    assert {span.values["Trace ID"] for span in (find, read, submit, close)} == {trace_id}
    assert close.values["Parent ID"] == ""
    assert {step.values["Parent ID"] for step in (find, read, submit)} == {close.values["ID"]}
    assert (close.values["aegis.outcome"], close.values["aegis.orders"]) == ("created", "2")
    assert close.values["aegis.report_date"] == DAY.isoformat()
    assert close.values["aegis.run_id"] == ended.told["runId"]
    attempts = [
        (event.name, event.values["aegis.attempt"], event.values["aegis.status"])
        for event in find.events
    ]
    assert attempts == [("request.failed", "1", "503"), ("request.answered", "2", "404")]
    assert float(find.events[0].values["aegis.wait_seconds"]) >= 0
    assert [event.values["aegis.status"] for event in submit.events] == ["201"]
    asked = [request.headers["traceparent"] for request in wiremock.requests()]
    span_ids = [find.values["ID"], find.values["ID"], submit.values["ID"]]
    assert asked == [f"00-{trace_id}-{span_id}-01" for span_id in span_ids]


@pytest.mark.parametrize("protocol", _PROTOCOLS)
def test_the_metrics_arrive_under_their_names(
    in_memory: dict[str, str], collector: Collector, tmp_path: Path, protocol: str
) -> None:
    exporting = exporting_to(collector.url(protocol), protocol)

    for _ in range(2):
        assert run(CLOSE, {**in_memory, **exporting}, tmp_path).status == 0

    points = collector.points(18)
    successes = of(points, "batch_execution_success")
    assert [(point["Value"], point["outcome"]) for point in successes] == [("1", "created")] * 2
    assert [point["Value"] for point in of(points, "batch_execution_failure")] == ["0", "0"]
    durations = of(points, "batch_execution_duration_ms")
    assert [point["Count"] for point in durations] == ["1", "1"]
    assert all(0 < float(point["Sum"]) < 60_000 for point in durations)
    assert [point["Value"] for point in of(points, "batch_orders_read")] == ["2", "2"]
    assert {point["step"] for point in of(points, "batch_step_duration_ms")} == {
        "report.find",
        "orders.read",
        "report.submit",
    }
    assert len({point.resource["service.instance.id"] for point in points}) == 2
    assert {point.resource["service.name"] for point in points} == {"aegis-batch"}
    assert "Unit: \n" in collector.log()
    assert not re.search(r"Unit: \S", collector.log())


def test_a_failed_close_says_by_codes_alone_what_was_wrong(
    shop: dict[str, str], wiremock: WireMockServer, collector: Collector, tmp_path: Path
) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, FAILING)

    ended = run(CLOSE, {**shop, **exporting_to(collector.url("grpc"), "grpc")}, tmp_path)

    code = ended.told["error"]["code"]
    _, read, submit, close = collector.spans(4)
    assert read.values["Status code"] == "STATUS_CODE_UNSET"
    for span in (submit, close):
        assert (span.values["Status code"], span.values["Status message"]) == (
            "STATUS_CODE_ERROR",
            code,
        )
        assert "exception" not in {event.name for event in span.events}
    assert [event.values["aegis.attempt"] for event in submit.events] == ["1", "2", "3"]
    points = collector.points(8)
    failures = of(points, "batch_execution_failure")
    assert [(point["Value"], point["outcome"]) for point in failures] == [("1", "unavailable")]
    assert [point["Value"] for point in of(points, "batch_execution_success")] == ["0"]
    answers = {
        (point["operation"], point["result"], point["status"]): point["Value"]
        for point in of(points, "batch_requests")
    }
    assert answers == {
        ("find", "answered", "404"): "1",
        ("submit", "backend_failing", "500"): "3",
    }


_HARDLY_BEGUN = {
    "a missing setting": ({"AEGIS_ADAPTERS": "real", "DATABASE_URL": ""}, [], "invalid_settings"),
    "no such zone": ({"AEGIS_TIMEZONE": "Mars/Olympus"}, [], "invalid_settings"),
    "a day to come": ({}, ["--date", "9999-01-01"], "day_not_over"),
}


@pytest.mark.parametrize("wrong", _HARDLY_BEGUN)
def test_a_close_that_cant_begin_is_seen_wherever_closes_are_watched(
    in_memory: dict[str, str], collector: Collector, tmp_path: Path, wrong: str
) -> None:
    changes, arguments, code = _HARDLY_BEGUN[wrong]
    settings = {**in_memory, **exporting_to(collector.url("grpc"), "grpc"), **changes}

    ended = run([*CLOSE, *arguments], settings, tmp_path)

    assert (ended.status, ended.told["outcome"]) == (2, "invalid")
    started, failed = map(json.loads, ended.err.splitlines())
    assert (started["event"], failed["event"]) == ("job.started", "job.failed")
    assert (failed["outcome"], failed["code"]) == ("invalid", code)
    (close,) = collector.spans(1)
    assert (close.name, close.values["Status message"]) == ("close", code)
    for ids in (ended.told, started, failed):
        assert (ids["runId"], ids["traceId"]) == (
            close.values["aegis.run_id"],
            close.values["Trace ID"],
        )
    failures = of(collector.points(3), "batch_execution_failure")
    assert [(point["Value"], point["outcome"]) for point in failures] == [("1", "invalid")]


@pytest.mark.parametrize(
    ("changes", "starts"),
    [
        ({}, ['{"time":', '{"time":', "aegis-batch: The settings have a fault", "  -> "]),
        ({"AEGIS_LOG_LEVEL": "ERROR"}, ['{"time":', "aegis-batch: The settings", "  -> "]),
        ({"AEGIS_LOG_LEVEL": "LOUD", "AEGIS_LOG_FORMAT": "song"}, ['{"time":', '{"time":', "a"]),
    ],
)
def test_a_close_that_cant_begin_is_logged_before_it_is_said_to_people(
    tmp_path: Path, changes: dict[str, str], starts: list[str]
) -> None:
    ended = run(["close", "--dry-run"], changes, tmp_path)

    lines = ended.err.splitlines()
    assert ended.status == 2
    assert all(map(str.startswith, lines, starts))
    assert '"event":"job.failed"' in lines[starts.count('{"time":') - 1]


@pytest.mark.parametrize("protocol", _PROTOCOLS)
@pytest.mark.parametrize("fault", ["none", "database", "backend", "schema"])
def test_no_secret_arrives_at_the_collector(  # noqa: PLR0913, PLR0917 - every way to go
    shop: dict[str, str],
    wiremock: WireMockServer,
    collector: Collector,
    tmp_path: Path,
    protocol: str,
    fault: str,
) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)
    echo = {"status": 400, "body": _TOKEN, "headers": {"X-Echo": _TOKEN}}
    play(wiremock, "POST", SUBMIT_PATH, echo if fault == "backend" else CREATED)
    password = {
        "DATABASE_URL": shop["DATABASE_URL"].replace("postgres:", "postgres:canaryPASS47zq11")
    }
    misfit = {"AEGIS_ORDERS_TOTAL": "no_such_canary_47zq11"}
    changes = {"database": password, "schema": misfit}.get(fault, {})
    exporting = exporting_to(collector.url(protocol), protocol)

    ended = run(CLOSE, {**shop, **changes, **exporting, "AEGIS_LOG_LEVEL": "DEBUG"}, tmp_path)

    assert (ended.status == 0) == (fault == "none")
    assert len(collector.spans(3)) == (4 if fault in ("none", "backend") else 3)
    assert collector.points(5)
    for text in (collector.log(), ended.err):
        assert "47zq11" not in text
        assert "canary" not in text


def test_a_rehearsal_is_traced_and_counts_in_nothing(
    in_memory: dict[str, str], collector: Collector, tmp_path: Path
) -> None:
    exporting = exporting_to(collector.url("grpc"), "grpc")
    assert run([*CLOSE, "--dry-run"], {**in_memory, **exporting}, tmp_path).status == 0

    *_, close = collector.spans(3)
    assert close.values["aegis.dry_run"] == "true"
    assert run(CLOSE, {**in_memory, **exporting}, tmp_path).status == 0
    points = collector.points(9)
    assert len({point.resource["service.instance.id"] for point in points}) == 1
    assert [point["Value"] for point in of(points, "batch_execution_success")] == ["1"]


@pytest.mark.parametrize("signal", ["TRACES", "METRICS"])
def test_a_signal_may_be_left_out_or_go_elsewhere(
    in_memory: dict[str, str], collector: Collector, tmp_path: Path, signal: str
) -> None:
    left_out = {
        **exporting_to(collector.url("http/protobuf"), "http/protobuf"),
        f"OTEL_{signal}_EXPORTER": "none",
    }
    path = f"{collector.url('http/protobuf')}/v1/{signal.lower()}"
    alone = {f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT": path}

    assert run(CLOSE, {**in_memory, **left_out}, tmp_path).status == 0
    other = collector.points(9) if signal == "TRACES" else collector.spans(4)
    assert f"Resource{'Spans' if signal == 'TRACES' else 'Metrics'}" not in collector.log()
    assert run(CLOSE, {**in_memory, **alone}, tmp_path).status == 0

    arrived = collector.spans(4) if signal == "TRACES" else collector.points(9)
    assert {one.resource["service.instance.id"] for one in arrived}.isdisjoint(
        one.resource["service.instance.id"] for one in other
    )


def test_names_and_resource_attributes_of_the_environment_are_used(
    in_memory: dict[str, str], collector: Collector, tmp_path: Path
) -> None:
    named = {
        **exporting_to(collector.url("grpc"), "grpc"),
        "OTEL_SERVICE_NAME": "books",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=staging,service.name=ignored",
    }

    assert run(CLOSE, {**in_memory, **named}, tmp_path).status == 0

    (resource,) = {tuple(sorted(span.resource.items())) for span in collector.spans(4)}
    assert dict(resource)["service.name"] == "books"
    assert dict(resource)["deployment.environment.name"] == "staging"
    assert dict(resource)["service.version"] == "0.1.0"


def test_the_headers_are_sent_and_shown_nowhere(in_memory: dict[str, str], tmp_path: Path) -> None:
    heads: list[bytes] = []

    def refuse(peer: Peer) -> None:
        heads.append(peer.read_head())
        peer.connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")

    with raw_server(refuse) as port:
        exporting = exporting_to(f"http://127.0.0.1:{port}", "http/protobuf")
        ended = run(CLOSE, {**in_memory, **exporting, "AEGIS_LOG_LEVEL": "DEBUG"}, tmp_path)

    assert ended.status == 0
    assert len(heads) == 2
    assert all(f"x-key: {_HEADER}".encode() in head for head in heads)
    assert _HEADER not in ended.out + ended.err
    assert reasons_of(ended.err) == ["http_401"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_collector_that_sends_exports_elsewhere_has_received_nothing(
    in_memory: dict[str, str], tmp_path: Path, status: int
) -> None:
    heads: list[bytes] = []

    def redirect(peer: Peer) -> None:
        heads.append(peer.read_head())
        answer = f"HTTP/1.1 {status} Away\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        peer.connection.sendall(answer.encode())

    with raw_server(redirect) as port:
        exporting = exporting_to(f"http://127.0.0.1:{port}", "http/protobuf")
        ended = run(CLOSE, {**in_memory, **exporting}, tmp_path)

    assert ended.status == 0
    assert len(heads) == 2
    assert all(head.startswith(b"POST /v1/") for head in heads)
    assert reasons_of(ended.err) == [f"http_{status}"] * 2


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("https://127.0.0.1:{}", "tls_failed"),
        (f"http://{_HEADER}:{_HEADER}", "invalid_address"),
    ],
)
def test_an_address_that_is_wrong_is_told_by_its_kind_alone(
    in_memory: dict[str, str], collector: Collector, tmp_path: Path, endpoint: str, reason: str
) -> None:
    port = collector.url("http/protobuf").rpartition(":")[2]
    exporting = exporting_to(endpoint.format(port), "http/protobuf")

    ended = run(CLOSE, {**in_memory, **exporting}, tmp_path)

    assert (ended.status, reasons_of(ended.err)) == (0, [reason] * 2)
    assert _HEADER not in ended.err
    assert "127.0.0.1" not in ended.err


def test_a_refusal_over_grpc_is_told_by_its_code(in_memory: dict[str, str], tmp_path: Path) -> None:
    def refuse(request: bytes, context: grpc.ServicerContext) -> None:
        del request
        context.abort(grpc.StatusCode.UNAUTHENTICATED, f"Unknown: {_HEADER}")

    refusing = {"Export": grpc.unary_unary_rpc_method_handler(refuse)}
    server = grpc.server(ThreadPoolExecutor(2))
    for service in ("trace.v1.TraceService", "metrics.v1.MetricsService"):
        name = f"opentelemetry.proto.collector.{service}"
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, refusing),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    exporting = exporting_to(f"http://127.0.0.1:{port}", "grpc")
    reasons: list[str] = []
    try:
        # This server is slow where the machine is busy, and the program doesn't wait for long.
        for _ in range(5):
            ended = run(CLOSE, {**in_memory, **exporting}, tmp_path)
            reasons = reasons_of(ended.err)
            assert ended.status == 0
            assert _HEADER not in ended.err
            if "timed_out" not in reasons:
                break
    finally:
        server.stop(None)
    assert reasons == ["unauthenticated"] * 2
