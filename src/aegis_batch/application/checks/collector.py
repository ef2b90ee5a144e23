"""Checks of the telemetry collector: is it there at all."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from aegis_batch.application.ports.collector_probe import CollectorProbe
from aegis_batch.domain.checkup import Check

__all__ = ["collector_checks"]

_NAME = "collector"
_PORTS = {"http": 80, "https": 443}


def collector_checks(
    endpoints: Sequence[tuple[str, str]], probe: CollectorProbe
) -> Iterator[Check]:
    """Tell whether the collectors of some variables accept connections; pairs of name and value."""
    if not endpoints:
        yield Check.ok(
            _NAME, "No OTEL_EXPORTER_OTLP_ENDPOINT is set, so no telemetry is sent anywhere."
        )
    for variable, endpoint in endpoints:
        address = _address(endpoint)
        if address is None:
            yield Check.warn(
                _NAME,
                f"{variable} is no address, so no telemetry arrives.",
                f"Write {variable}=http://collector.example:4317 (gRPC), or :4318 (HTTP).",
            )
            continue
        host, port = address
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
