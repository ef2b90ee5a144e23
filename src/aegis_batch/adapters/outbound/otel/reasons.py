"""Why an export failed, in words of a closed list: none can hold an address or a secret."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from aegis_batch.adapters.outbound.otel.exporters import RedirectedError

__all__ = ["FAILED", "TIMED_OUT", "Hearing", "reason_of"]

FAILED = "failed"
TIMED_OUT = "timed_out"
_OF_GRPC_CODE = {"DEADLINE_EXCEEDED": TIMED_OUT}
# By name, the narrower ones first: importing requests costs time, and gRPC goes without.
_OF_ERROR_KIND = {
    "SSLError": "tls_failed",
    "Timeout": TIMED_OUT,
    "ConnectionError": "no_connection",
    "InvalidURL": "invalid_address",
    "InvalidSchema": "invalid_address",
    "MissingSchema": "invalid_address",
}


class _Result(Protocol):
    """What an exporter notes of an export that failed, for metrics of its own."""

    error: Exception | None
    error_attrs: Mapping[str, object] | None


class _Operations(Protocol):
    """What makes metrics of an exporter's own exports."""

    def export_operation(self, num_items: int) -> AbstractContextManager[_Result]: ...


class Hearing:
    """Hears why exports fail, which an exporter tells nobody but its own metrics and its log."""

    def __init__(self, exporter: object) -> None:
        """Listen to an exporter of OTLP; of any other nothing is ever heard."""
        self.reason = FAILED
        self._operations: _Operations | None = getattr(exporter, "_metrics", None)
        if self._operations is not None:
            exporter._metrics = self  # type: ignore[attr-defined] # noqa: SLF001 - there is no other way

    @contextmanager
    def export_operation(self, num_items: int) -> Iterator[_Result]:
        """Stand in the place of the exporter's metrics, and hand everything on to them."""
        assert self._operations is not None  # noqa: S101 - nobody else calls this
        with self._operations.export_operation(num_items) as result:
            try:
                yield result
            finally:
                self.reason = reason_of(result.error, result.error_attrs or {})


def reason_of(error: Exception | None, attributes: Mapping[str, object]) -> str:
    """Return the reason for a failure: ``http_401``, ``unauthenticated``, ``timed_out``, ..."""
    status = attributes.get("http.response.status_code")
    if isinstance(error, RedirectedError):
        status = error.status
    if status is not None:
        return f"http_{status}"
    code = attributes.get("rpc.response.status_code")
    if code is not None:
        return _OF_GRPC_CODE.get(str(code), str(code).lower())
    if type(error) is ValueError:
        # Of urllib3, when a last try is left with a time-out of zero.
        return TIMED_OUT
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return next((reason for name, reason in _OF_ERROR_KIND.items() if name in kinds), FAILED)
