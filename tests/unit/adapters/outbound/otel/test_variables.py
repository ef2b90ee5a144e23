"""What the standard variables ask for."""

import pytest

from aegis_batch.adapters.outbound.otel.variables import Export, Protocol, Signal, wanted

_URL = "http://collector:4318"
_BOTH_OVER_HTTP = {Signal.TRACES: Protocol.HTTP, Signal.METRICS: Protocol.HTTP}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SERVICE_NAME": "books"},
        {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": _URL},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": _URL, "OTEL_SDK_DISABLED": "True"},
    ],
)
def test_nothing_is_exported_without_an_endpoint_or_where_it_is_disabled(
    environ: dict[str, str],
) -> None:
    assert wanted(environ) == Export({})


def test_one_endpoint_is_for_both_signals() -> None:
    assert wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": _URL}).protocols == _BOTH_OVER_HTTP


@pytest.mark.parametrize("signal", list(Signal))
def test_a_signal_with_an_endpoint_of_its_own_is_exported_alone(signal: Signal) -> None:
    environ = {f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": _URL}

    assert wanted(environ) == Export({signal: Protocol.HTTP})


@pytest.mark.parametrize(
    ("endpoint", "protocol"),
    [
        ("http://collector:4317", Protocol.GRPC),
        ("https://collector:4317/", Protocol.GRPC),
        ("http://collector:4318", Protocol.HTTP),
        ("https://collector.example", Protocol.HTTP),
        ("http://collector:99999999", Protocol.HTTP),
        ("http://[", Protocol.HTTP),
        ("collector:4317", Protocol.GRPC),
    ],
)
def test_where_no_protocol_is_named_the_port_of_grpc_means_grpc(
    endpoint: str, protocol: Protocol
) -> None:
    assert wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}).protocols[Signal.TRACES] is protocol


def test_the_protocol_of_a_signal_goes_before_that_of_all() -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
    }

    assert wanted(environ).protocols == {
        Signal.TRACES: Protocol.GRPC,
        Signal.METRICS: Protocol.HTTP,
    }


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", []),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "pigeon", [Signal.TRACES]),
        ("OTEL_TRACES_EXPORTER", "zipkin", [Signal.METRICS]),
    ],
)
def test_what_there_isnt_is_left_out_and_named(name: str, value: str, left: list[Signal]) -> None:
    export = wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": _URL, name: value})

    assert (list(export.protocols), export.faults) == (left, (name,))


@pytest.mark.parametrize(
    ("endpoint", "is_used"),
    [
        ("collector:4317", True),
        ("collector:4318", False),
        ("ftp://collector:4318", False),
        (" http://collector:4318", False),
        ("http://collector:4317 ", False),
        ("HTTPS://collector", True),
    ],
)
def test_an_endpoint_that_its_exporter_cannot_use_is_a_fault(
    endpoint: str,
    is_used: bool,  # noqa: FBT001 - a table's row
) -> None:
    export = wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})

    assert bool(export.protocols) is is_used
    assert export.faults == (() if is_used else ("OTEL_EXPORTER_OTLP_ENDPOINT",))
    assert dict(export.endpoints) == ({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} if is_used else {})


def test_an_exporter_of_none_is_no_fault() -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": _URL, "OTEL_METRICS_EXPORTER": "none"}

    assert wanted(environ) == Export({Signal.TRACES: Protocol.HTTP})
