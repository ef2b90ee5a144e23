"""The control plane as one application."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from loguru import logger
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aegis_batch.adapters.inbound.control.access import Access
from aegis_batch.adapters.inbound.control.actuator_routes import actuator_routes
from aegis_batch.adapters.inbound.control.desk import ControlDesk
from aegis_batch.adapters.inbound.control.document import document_of
from aegis_batch.adapters.inbound.control.execution_routes import execution_routes
from aegis_batch.adapters.inbound.control.job_routes import job_routes
from aegis_batch.adapters.inbound.control.outside_routes import outside_routes
from aegis_batch.adapters.inbound.control.problems import Refusal, problem, problem_of, status_of
from aegis_batch.adapters.inbound.control.scheduler_routes import scheduler_routes
from aegis_batch.application.actor import Actor
from aegis_batch.domain.defect import place_of
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.printable import printable

__all__ = ["ControlApp", "control_app"]

ControlApp = FastAPI

# A payload of 1 MB, escaped as JSON may have it, with the rest of its job.
_BODY_BYTES_MAX = 2 * 1024 * 1024
_FAULTS_MAX = 20
_FORBIDDEN = 403
_NOT_FOUND = 404
_UNFIT = 422
_DEFECT = 500


def control_app(desk: ControlDesk, access: Access) -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="Aegis Batch: the control plane",
        version=desk.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(_BoundedBodies)
    app.add_middleware(_NoNul)
    for routes in (
        job_routes,
        execution_routes,
        scheduler_routes,
        actuator_routes,
        outside_routes,
    ):
        app.include_router(routes(desk, access))
    document = document_of(app)

    @app.get("/openapi.json", include_in_schema=False, dependencies=[Depends(access.gate("read"))])
    def tell_document() -> dict[str, Any]:
        return document

    app.add_exception_handler(AegisError, _tell_error(access))
    app.add_exception_handler(Refusal, _tell_refusal)
    app.add_exception_handler(RequestValidationError, _tell_faults)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(Exception, _tell_defect)
    return app


def _tell_error(access: Access) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def tell(request: Request, error: Exception) -> Response:
        assert isinstance(error, AegisError)  # noqa: S101 - for this class alone
        actor = getattr(request.state, "actor", None)
        status = status_of(error)
        if isinstance(actor, Actor) and (
            status == _FORBIDDEN or (status == _NOT_FOUND and actor.tenant is not None)
        ):
            # It may be another tenant's that was asked for.
            await access.refuse(actor, request, error.code)
        if status >= _DEFECT:
            logger.bind(event="control.failed", code=error.code, path=request.url.path).error(
                "{}", printable(str(error))
            )
        return problem_of(error)

    return tell


async def _tell_refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - for this class alone
    return problem(error.status, error.code, "You may not do that, or have not shown who you are.")


async def _tell_faults(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for this class alone
    faults = [
        (".".join(str(part) for part in each["loc"]), str(each["msg"]))
        for each in error.errors()[:_FAULTS_MAX]
    ]
    return problem(_UNFIT, "invalid_request", "The request is unfit.", faults=faults)


async def _tell_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for this class alone
    told = problem(error.status_code, f"http_{error.status_code}", str(error.detail))
    told.headers.update(error.headers or {})
    return told


async def _tell_defect(request: Request, error: Exception) -> Response:
    logger.bind(event="control.defect", path=request.url.path).error(
        "{} at {}", type(error).__name__, place_of(error)
    )
    return problem(_DEFECT, "defect", "A defect of this program; its log says where.")


class _NoNul:
    """Refuses addresses with a NUL in them, which no database stores and so nothing is called."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and "\0" in scope["path"] + unquote(_query_of(scope)):
            await problem(_UNFIT, "invalid_request", "The address holds a NUL.")(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)


def _query_of(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return query.decode("latin-1")


class _BoundedBodies:
    """Refuses bodies that are too large, whether they say so or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > _BODY_BYTES_MAX:
            await _too_large()(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > _BODY_BYTES_MAX:
                raise HTTPException(413, "The body is too large.")
            return message

        await self._app(scope, bounded, send)


def _too_large() -> Response:
    return problem(413, "too_large", f"The body is over {_BODY_BYTES_MAX:,} bytes.")
