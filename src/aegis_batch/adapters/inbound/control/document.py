"""The OpenAPI document, with what every request may be refused with."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from aegis_batch.adapters.inbound.control.problems import MEDIA_TYPE, Problem, title_of

__all__ = ["document_of"]

_VALIDATION = ("HTTPValidationError", "ValidationError")
_CHANGES = ("post", "put", "delete")


def document_of(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document["components"]["schemas"]
    # What the framework would answer with for what is unfit, and this application does not.
    for name in _VALIDATION:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status in _refusals_of(path, method, operation):
                told = operation["responses"].setdefault(str(status), {})
                told["description"] = title_of(status)
                told.setdefault("content", {})[MEDIA_TYPE] = {
                    "schema": {"$ref": "#/components/schemas/Problem"}
                }
                # The framework's own of what is unfit.
                if status == 422:  # noqa: PLR2004 - RFC 9110, section 15.5.21
                    told["content"].pop("application/json", None)
    return document


def _refusals_of(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[int]:
    """Yield the statuses of all problems that a request may be answered with."""
    yield 500
    if "security" in operation:
        yield from (401, 403, 503)
    if method in _CHANGES:
        # 404 is of a tenant too.
        yield from (400, 404, 409, 413, 422, 429)
    elif "{" in path or operation.get("parameters"):
        yield from (404, 422)
    if any(each["name"].lower() == "if-match" for each in operation.get("parameters", ())):
        yield 412
