"""Errors as problem documents (RFC 9457)."""

import json
from collections.abc import Sequence

from fastapi import Response
from pydantic import BaseModel

from aegis_batch.domain.errors import (
    AegisError,
    InvalidRequest,
    StateMisfit,
)

__all__ = ["MEDIA_TYPE", "Problem", "Refusal", "problem", "problem_of", "status_of", "title_of"]

MEDIA_TYPE = "application/problem+json"
_UNPROCESSABLE = 422
_UNAVAILABLE = 503
_TOO_MANY = 429
_RETRY_AFTER_SECONDS = 5
_STATUSES = {
    "unknown_job": 404,
    "unknown_run": 404,
    "unknown_tenant": 404,
    "unknown_metric": 404,
    "tenant_forbidden": 403,
    "name_taken": 409,
    "job_needed": 409,
    "job_inactive": 409,
    "run_goes_on": 409,
    "run_ended": 409,
    "paused_already": 409,
    "not_paused": 409,
    "day_in_flight": 409,
    "decided_before": 409,
    "rebuild_failed": 409,
    "version_differs": 412,
    "too_large": 413,
    "queue_full": _TOO_MANY,
}
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "In conflict",
    412: "Changed meanwhile",
    413: "Too large",
    422: "Unfit",
    429: "Too many",
    500: "A defect",
    503: "Unavailable",
}


class Fault(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """An error (RFC 9457); what it is told with depends on the ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str | None = None
    errors: list[Fault] | None = None


class Refusal(Exception):  # noqa: N818 - it never leaves this package
    """A caller is refused; ``code`` says why, and never with what it tried."""

    def __init__(self, status: int, code: str) -> None:
        """Take the HTTP status and the code."""
        super().__init__(status, code)
        self.status = status
        self.code = code


def title_of(status: int) -> str:
    """Return what a status is called."""
    return _TITLES.get(status, "Refused")


def status_of(error: AegisError) -> int:
    """Return the HTTP status that an error has."""
    if isinstance(error, InvalidRequest):
        return _STATUSES.get(error.code, _UNPROCESSABLE)
    return 500 if isinstance(error, StateMisfit) else _UNAVAILABLE


def problem_of(error: AegisError) -> Response:
    """Return an error as an answer; where databases are, is for the log alone."""
    if isinstance(error, InvalidRequest):
        return problem(status_of(error), error.code, error.message, remedy=error.remedy)
    detail = "What this needs can't be used now; the log says what it is, and why."
    return problem(status_of(error), error.code, detail)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    remedy: str | None = None,
    faults: Sequence[tuple[str, str]] = (),
    **more: object,
) -> Response:
    """Return a problem document; ``faults`` pair a field with what is wrong with it."""
    content: dict[str, object] = {
        "type": f"urn:aegis-batch:problem:{code}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if remedy is not None:
        content["remedy"] = remedy
    if faults:
        content["errors"] = [{"field": field, "message": what} for field, what in faults]
    headers = {}
    if status in (_TOO_MANY, _UNAVAILABLE):
        headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    if status == 401:  # noqa: PLR2004 - RFC 9110, section 11.6.1
        headers["WWW-Authenticate"] = "Bearer"
    body = json.dumps(content | more, ensure_ascii=False).encode()
    return Response(body, status, headers, media_type=MEDIA_TYPE)
