"""The exporters of the OpenTelemetry project; each is imported only where it is asked for."""

# ruff: noqa: PLC0415 - see above

import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from aegis_batch.adapters.outbound.otel.variables import Protocol

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace.export import SpanExporter
    from requests import Response, Session

__all__ = ["RedirectedError", "metric_exporter", "span_exporter"]


class RedirectedError(Exception):
    """A collector sent an export elsewhere; ``status`` is that of its answer."""

    def __init__(self, status: int) -> None:
        """Take the status."""
        super().__init__(status)
        self.status = status


def span_exporter(protocol: Protocol, timeout_seconds: float) -> "SpanExporter":
    """Return what sends spans; all tries of one export together take no longer than given."""
    if protocol is Protocol.GRPC:
        _silence_grpc()
        from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as over_grpc

        return over_grpc.OTLPSpanExporter(timeout=timeout_seconds)
    from opentelemetry.exporter.otlp.proto.http import trace_exporter as over_http

    return over_http.OTLPSpanExporter(
        timeout=timeout_seconds,
        session=_session("OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER"),
    )


def metric_exporter(protocol: Protocol, timeout_seconds: float) -> "MetricExporter":
    """Return what sends metrics; all tries of one export together take no longer than given."""
    if protocol is Protocol.GRPC:
        _silence_grpc()
        from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as over_grpc

        return over_grpc.OTLPMetricExporter(timeout=timeout_seconds)
    from opentelemetry.exporter.otlp.proto.http import metric_exporter as over_http

    return over_http.OTLPMetricExporter(
        timeout=timeout_seconds,
        session=_session("OTEL_PYTHON_EXPORTER_OTLP_HTTP_METRICS_CREDENTIAL_PROVIDER"),
    )


def _session(
    provider: Literal[
        "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
        "OTEL_PYTHON_EXPORTER_OTLP_HTTP_METRICS_CREDENTIAL_PROVIDER",
    ],
) -> "Session":
    """Return what an exporter would send with by itself, but which takes no redirect for success.

    The exporter follows none, and yet calls it one. ``provider`` is the variable that may name who
    provides the session.
    """
    import requests
    from opentelemetry.exporter.otlp.proto.http import _common

    named = _common._load_session_from_envvar(provider)  # noqa: SLF001 - not asked with a session
    session = named or requests.Session()
    session.hooks["response"].append(_refuse_redirect)
    return session


def _refuse_redirect(response: "Response", **_: object) -> None:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST:
        raise RedirectedError(response.status_code)


def _silence_grpc() -> None:
    # Its C core writes to standard error by itself, addresses included, unless told not to
    # before it is loaded.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
