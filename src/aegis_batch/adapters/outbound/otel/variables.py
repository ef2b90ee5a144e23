"""What OpenTelemetry's standard variables ask for; importing this costs nothing.

Only what decides whether and how to export is read here. Everything else that is standard, such
as headers, certificates and compression, is read by the libraries themselves.
Source: the OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry
Protocol Exporter".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    out, since telemetry is no reason to leave a day open. ``endpoints`` are those that are used,
    each by its variable.
    """

    protocols: Mapping[Signal, Protocol]
    faults: tuple[str, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict, compare=False)


def wanted(environ: Mapping[str, str]) -> Export:
    """Return what an environment asks to export; nothing where it names no endpoint."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Export({})
    protocols: dict[Signal, Protocol] = {}
    faults: list[str] = []
    endpoints: dict[str, str] = {}
    for signal in Signal:
        own = f"{_FOR_ALL}_{signal.upper()}"
        place, endpoint = _first(environ, f"{own}_ENDPOINT", f"{_FOR_ALL}_ENDPOINT")
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
        if protocol and protocol not in set(Protocol):
            faults.append(name)
            continue
        chosen = Protocol(protocol) if protocol else _usual_protocol(endpoint)
        if not _is_usable(environ[place], chosen):
            faults.append(place)
            continue
        protocols[signal] = chosen
        endpoints[place] = endpoint
    return Export(protocols, tuple(dict.fromkeys(faults)), endpoints)


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
        # Without a scheme, what stands before the port would be taken for one.
        port = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}").port
    except ValueError:
        port = None
    return Protocol.GRPC if port == _GRPC_PORT else Protocol.HTTP


def _is_usable(endpoint: str, protocol: Protocol) -> bool:
    """Say whether the exporter can make an address of an endpoint, which it takes as it stands.

    Over gRPC a host and a port will do.
    """
    scheme, separator, _ = endpoint.partition("://")
    if endpoint != endpoint.strip():
        return False
    if not separator:
        return protocol is Protocol.GRPC
    return scheme.lower() in ("http", "https")
