"""What the stand-in Backend answers to a request; nothing here knows of sockets.

Source: ``contract/backend.yaml``; problems are told as RFC 9457 has them.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aegis_batch.adapters.inbound.sandbox.payload import (
    InvalidReport,
    NotJson,
    parse_date,
    parse_payload,
)
from aegis_batch.adapters.inbound.sandbox.store import SandboxStore, StoreFailed

__all__ = ["BODY_BYTES_MAX", "Answer", "Asked", "Sandbox", "problem", "route_of"]

BODY_BYTES_MAX = 1024 * 1024
_FIND = re.compile(r"/reports/(?:(?:weekly|monthly)/)?[^/]+")
_SUBMIT = re.compile(r"/internal/reports/(?P<period>daily|weekly|monthly)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; ``headers`` have names in lower case. ``path`` is without the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a body of JSON, or with none."""

    status: HTTPStatus
    body: str = ""
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Sandbox:
    """The stand-in Backend: it checks the token, validates, keeps, and never replaces."""

    def __init__(self, store: SandboxStore, token: str) -> None:
        """Take where reports are kept and the token that every request must carry."""
        self._store = store
        self._token = token.encode()

    def answer(self, asked: Asked) -> Answer:
        """Answer a request whose body could be read."""
        refusal = self.refuse(asked.method, asked.path, asked.headers)
        if refusal is not None:
            return refusal
        tenant = asked.headers.get("x-tenant-id", "default")
        submit = _SUBMIT.fullmatch(asked.path)
        try:
            if submit is not None:
                return self._submit(tenant, submit["period"], asked.body)
            period, _, day = asked.path.removeprefix("/reports/").rpartition("/")
            return self._find(tenant, period or "daily", day)
        except StoreFailed:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The store can't be used just now.")

    def refuse(self, method: str, path: str, headers: Mapping[str, str]) -> Answer | None:
        """Return the refusal that a request's head alone calls for, or ``None``."""
        token = headers.get("x-service-token", "").encode("latin-1", "replace")
        if not hmac.compare_digest(token, self._token):
            return problem(HTTPStatus.UNAUTHORIZED, "X-SERVICE-TOKEN is missing or wrong.")
        allowed = _allowed_method(path)
        if allowed is None:
            return problem(HTTPStatus.NOT_FOUND, "There is no such path.")
        if method != allowed:
            return problem(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"This path takes {allowed} only.",
                headers=(("Allow", allowed),),
            )
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if allowed == "POST" and media_type != "application/json":
            return problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A report is sent as application/json."
            )
        return None

    def _find(self, tenant: str, period: str, day: str) -> Answer:
        try:
            report_date = parse_date(day).isoformat()
        except ValueError as error:
            return problem(HTTPStatus.BAD_REQUEST, f"date: {error}.")
        stored = self._store.find(tenant, period, report_date)
        if stored is None:
            return problem(HTTPStatus.NOT_FOUND, "There is no report for this date.")
        return Answer(HTTPStatus.OK, stored)

    def _submit(self, tenant: str, period: str, body: bytes) -> Answer:
        try:
            payload = parse_payload(body)
        except NotJson:
            return problem(HTTPStatus.BAD_REQUEST, "The body is not JSON in UTF-8.")
        except InvalidReport as error:
            return _invalid(error)
        report_date = payload.report_date.isoformat()
        if self._store.add(tenant, period, report_date, payload.as_json()):
            return Answer(HTTPStatus.CREATED)
        return Answer(HTTPStatus.OK, self._store.find(tenant, period, report_date) or "")


def route_of(path: str) -> str:
    """Return a path that the contract has as it is, and for any other one the same few words."""
    day = path.rpartition("/")[2]
    if _SUBMIT.fullmatch(path) or (_FIND.fullmatch(path) and _DATE.fullmatch(day)):
        return path
    return "(a path that the contract does not have)"


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    **more: object,
) -> Answer:
    """Return a problem document; its texts never repeat what was sent."""
    content = {"title": status.phrase, "status": status.value, "detail": detail, **more}
    return Answer(
        status, json.dumps(content, ensure_ascii=False), "application/problem+json", headers
    )


def _invalid(error: InvalidReport) -> Answer:
    field_name, fault = error.faults[0]
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{field_name}: {fault}.",
        field=field_name,
        faults=[{"field": name, "message": message} for name, message in error.faults],
    )


def _allowed_method(path: str) -> str | None:
    if _SUBMIT.fullmatch(path):
        return "POST"
    return "GET" if _FIND.fullmatch(path) else None
