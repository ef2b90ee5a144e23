"""Checks of the telemetry collector: is it there at all."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from aegis_batch.application.ports.collector_probe import CollectorProbe
from aegis_batch.domain.checkup import Check

__all__ = ["collector_checks"]

_NAME = "collector"
_WRITE_ENDPOINT = (
    "Write {}=http://collector.example:4317 (gRPC), or :4318 (HTTP), or https:// in its place, and"
    " no space around it."
)
_PORTS = {"http": 80, "https": 443}


def collector_checks(
    endpoints: Sequence[tuple[str, str]], faults: Sequence[str], probe: CollectorProbe
) -> Iterator[Check]:
    """Tell whether the collectors of some variables accept connections; pairs of name and value.

    ``faults`` are variables that ask for what there isn't.
    """
    for variable in faults:
        yield Check.warn(
            _NAME,
            f"{variable} is set to something that this program can't do, so no telemetry goes there"
            " that it speaks of.",
            _WRITE_ENDPOINT.format(variable)
            if variable.endswith("_ENDPOINT")
            else "docs/telemetry.md says what it takes; the protocols are grpc and http/protobuf,"
            " the exporters otlp and none.",
        )
    if not endpoints and not faults:
        yield Check.ok(
            _NAME, "No OTEL_EXPORTER_OTLP_ENDPOINT is set, so no telemetry is sent anywhere."
        )
    for variable, endpoint in endpoints:
        address = _address(endpoint)
        if address is None:
            yield Check.warn(
                _NAME,
                f"{variable} is no address, so no telemetry arrives.",
                _WRITE_ENDPOINT.format(variable),
            )
            continue
        host, port = address
        if "://" not in endpoint:
            yield Check.warn(
                _NAME,
                f"{variable} doesn't say whether {host}:{port} is to be spoken to with TLS"
                " (https://) or without (http://).",
                _WRITE_ENDPOINT.format(variable),
            )
            continue
        if probe.accepts(host, port):
            yield Check.ok(_NAME, f"Something accepts connections at {host}:{port} ({variable}).")
        else:
            yield Check.warn(
                _NAME,
                f"Nothing accepts connections at {host}:{port} ({variable}), so no telemetry"
                " arrives. Closes go on without.",
                f"Start the collector, or set {variable} right; usual ports are 4317 for gRPC and"
                " 4318 for HTTP.",
            )


def _address(endpoint: str) -> tuple[str, int] | None:
    try:
        # gRPC takes a host and a port without a scheme too.
        parts = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port) if parts.hostname else None
