"""Why an export failed is told in words that can hold no secret."""

import pytest
from requests.exceptions import (
    ConnectionError as NoConnectionError,
)
from requests.exceptions import (
    ConnectTimeout,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    ReadTimeout,
    SSLError,
)

from aegis_batch.adapters.outbound.otel.exporters import RedirectedError
from aegis_batch.adapters.outbound.otel.reasons import reason_of

_SECRET = "canary-4711"


@pytest.mark.parametrize(
    ("error", "attributes", "reason"),
    [
        (None, {"http.response.status_code": 503}, "http_503"),
        (RedirectedError(302), {}, "http_302"),
        (
            RuntimeError(_SECRET),
            {"rpc.response.status_code": "PERMISSION_DENIED"},
            "permission_denied",
        ),
        (RuntimeError(_SECRET), {"rpc.response.status_code": "DEADLINE_EXCEEDED"}, "timed_out"),
        (ReadTimeout(_SECRET), {}, "timed_out"),
        (ConnectTimeout(_SECRET), {}, "timed_out"),
        (ValueError("connect timeout to 0.0"), {}, "timed_out"),
        (SSLError(_SECRET), {}, "tls_failed"),
        (NoConnectionError(_SECRET), {}, "no_connection"),
        (MissingSchema(_SECRET), {}, "invalid_address"),
        (InvalidSchema(_SECRET), {}, "invalid_address"),
        (InvalidURL(_SECRET), {}, "invalid_address"),
        (OSError(_SECRET), {}, "failed"),
        (None, {}, "failed"),
    ],
)
def test_a_failure_has_a_reason(
    error: Exception | None, attributes: dict[str, object], reason: str
) -> None:
    assert reason_of(error, attributes) == reason
