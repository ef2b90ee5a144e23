"""The exporters of the OpenTelemetry project; each is imported only where it is asked for."""

# ruff: noqa: PLC0415 - see above

import os
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.otel.variables import Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace.export import SpanExporter

__all__ = ["metric_exporter", "span_exporter"]


def span_exporter(protocol: Protocol, timeout_seconds: float) -> "SpanExporter":
    """Return what sends spans; all tries of one export together take no longer than given."""
    if protocol is Protocol.GRPC:
        _silence_grpc()
        from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as over_grpc

        return over_grpc.OTLPSpanExporter(timeout=timeout_seconds)
    from opentelemetry.exporter.otlp.proto.http import trace_exporter as over_http

    return over_http.OTLPSpanExporter(timeout=timeout_seconds)


def metric_exporter(protocol: Protocol, timeout_seconds: float) -> "MetricExporter":
    """Return what sends metrics; all tries of one export together take no longer than given."""
    if protocol is Protocol.GRPC:
        _silence_grpc()
        from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as over_grpc

        return over_grpc.OTLPMetricExporter(timeout=timeout_seconds)
    from opentelemetry.exporter.otlp.proto.http import metric_exporter as over_http

    return over_http.OTLPMetricExporter(timeout=timeout_seconds)


def _silence_grpc() -> None:
    # Its C core writes to standard error by itself, addresses included, unless told not to
    # before it is loaded.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
