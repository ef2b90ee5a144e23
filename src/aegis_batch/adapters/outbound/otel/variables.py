"""What OpenTelemetry's standard variables ask for; importing this costs nothing.

Only what decides whether and how to export is read here. Everything else that is standard, such
as headers, certificates and compression, is read by the libraries themselves.
Source: the OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry
Protocol Exporter".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

__all__ = ["Export", "Protocol", "Signal", "wanted"]

_GRPC_PORT = 4317
_FOR_ALL = "OTEL_EXPORTER_OTLP"


class Signal(StrEnum):
    """What can be exported."""

    TRACES = "traces"
    METRICS = "metrics"


class Protocol(StrEnum):
    """How it can be exported."""

    GRPC = "grpc"
    HTTP = "http/protobuf"


@dataclass(frozen=True, slots=True)
class Export:
    """What to export, and how.

    ``faults`` names variables whose values ask for what there isn't; what they speak of is left
    out, since telemetry is no reason to leave a day open.
    """

    protocols: Mapping[Signal, Protocol]
    faults: tuple[str, ...] = ()


def wanted(environ: Mapping[str, str]) -> Export:
    """Return what an environment asks to export; nothing where it names no endpoint."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Export({})
    protocols: dict[Signal, Protocol] = {}
    faults: list[str] = []
    for signal in Signal:
        own = f"{_FOR_ALL}_{signal.upper()}"
        endpoint = _first(environ, f"{own}_ENDPOINT", f"{_FOR_ALL}_ENDPOINT")[1]
        if not endpoint:
            continue
        name = f"OTEL_{signal.upper()}_EXPORTER"
        exporter = environ.get(name, "").strip().lower() or "otlp"
        if exporter == "none":
            continue
        if exporter != "otlp":
            faults.append(name)
            continue
        name, protocol = _first(environ, f"{own}_PROTOCOL", f"{_FOR_ALL}_PROTOCOL")
        if not protocol:
            protocols[signal] = _usual_protocol(endpoint)
        elif protocol in set(Protocol):
            protocols[signal] = Protocol(protocol)
        else:
            faults.append(name)
    return Export(protocols, tuple(dict.fromkeys(faults)))


def _first(environ: Mapping[str, str], *names: str) -> tuple[str, str]:
    """Return the first of some variables that isn't empty, with its name."""
    for name in names:
        value = environ.get(name, "").strip()
        if value:
            return name, value
    return names[-1], ""


def _usual_protocol(endpoint: str) -> Protocol:
    """Return the protocol that an endpoint's port is registered for; else the standard's choice."""
    try:
        port = urlsplit(endpoint).port
    except ValueError:
        port = None
    return Protocol.GRPC if port == _GRPC_PORT else Protocol.HTTP
