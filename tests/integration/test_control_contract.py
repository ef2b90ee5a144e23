"""The control plane against its own OpenAPI document: requests made from it, fit and unfit.

AEGIS_TESTS_REQUESTS says how many, on each kind of state.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.python import asgi
from schemathesis.schemas import APIOperation

from tests.integration.control_app import open_app
from tests.integration.control_place import token
from tests.integration.state_servers import copied_database
from tests.servers.postgres import Database, PostgresServer

_REQUESTS = int(os.environ.get("AEGIS_TESTS_REQUESTS", "500"))
# Of ten requests, one is of somebody who has shown nothing.
_OF_NOBODY = 10
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


Operation = APIOperation[Any, Any, Any, Any]
Request = Case[Any]
# What a fit request needs to know of the place, which no schema can tell.
_FIT_JOB: dict[str, Any] = {
    "servico_alvo": "resultados",
    "endpoint_execucao": "/run",
    "dependencias": None,
    "tenant_id": None,
    "tarefa": "http",
    "payload_json": {"a": [1, None]},
}
_TIMES: list[dict[str, Any]] = [
    {"tipo_job": None, "expressao_cron": None, "intervalo_ms": None, "eventos": ["Something"]},
    {"tipo_job": "CRON", "expressao_cron": "0 0 2 * * *", "fuso_horario": None},
    {"tipo_job": "FIXED_RATE", "intervalo_ms": 60_000, "expressao_cron": None},
    {"tipo_job": "ONE_TIME", "proxima_execucao": "2099-01-01T00:00:00", "expressao_cron": None},
]
_NAMES = st.text("abcdefgh", min_size=5, max_size=9)


@dataclass(frozen=True)
class Plane:
    """The application, what its document offers, and what path parameters there really are."""

    client: requests.Session
    operations: list[Operation]
    known: dict[str, list[str]]
    answers: Counter[int]

    def cases(self, operation: Operation) -> st.SearchStrategy[Request]:
        """Return requests to one operation: fit or not, and to what there is or isn't."""
        positive = operation.as_strategy(GenerationMode.POSITIVE)
        strategies = [positive]
        if operation.body or operation.query or operation.headers:
            strategies.append(operation.as_strategy(GenerationMode.NEGATIVE))
        for parameter in operation.path_parameters:
            strategies += [
                operation.as_strategy(path_parameters={parameter.name: there})
                for there in self.known[parameter.name]
            ]
        if operation.body:
            strategies += [st.builds(_fitting, each, _pieces(operation)) for each in strategies]
        return st.one_of(strategies)


def _pieces(operation: Operation) -> st.SearchStrategy[dict[str, Any]]:
    """Return what makes a body fit, whatever else there is in it."""
    if operation.path.startswith("/scheduler/jobs"):
        parts = st.tuples(st.sampled_from(_TIMES), _NAMES)
        return parts.map(lambda part: _FIT_JOB | part[0] | {"nome_job": part[1]})
    if operation.path == "/scheduler/events":
        return _NAMES.map(lambda name: {"tipo": "Something", "id": name, "tenant_id": None})
    if operation.path.startswith("/api"):
        return st.just({"tenantId": None, "from": "yesterday", "to": None, "daysBack": None})
    return _NAMES.map(lambda name: {"grupo_job": name})


def _fitting(case: Request, pieces: dict[str, Any]) -> Request:
    if isinstance(case.body, dict):
        case.body = {**case.body, **pieces}
    # It is of another version nearly always.
    case.headers.pop("if-match", None)
    return case


@pytest.fixture(scope="module", params=["a file", "a server"])
def plane(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres: PostgresServer,
    state_database_template: Database,
) -> Iterator[Plane]:
    """An application with jobs, of which one has run, and its state in a file or on a server."""
    folder = tmp_path_factory.mktemp("contract")
    if request.param == "a file":
        with open_app(folder) as app:
            yield from _open(app)
        return
    postgres.revive()
    state = copied_database(state_database_template, "contract_state")
    with open_app(folder, AEGIS_STATE_URL=state.dsn()) as app:
        yield from _open(app)
    postgres.revive()
    postgres.drop_database("contract_state")


def _open(app: Any) -> Iterator[Plane]:  # noqa: ANN401 - the two libraries type it differently
    with asgi.get_client(app) as client:
        client.headers["Authorization"] = f"Bearer {token(exp=4_000_000_000)}"
        jobs = [
            client.post("/scheduler/jobs", json=_FIT_JOB | times | {"nome_job": name}).json()["id"]
            for name, times in zip(("first", "second"), _TIMES, strict=False)
        ]
        runs = [client.post(f"/scheduler/jobs/{jobs[0]}/execute").json()["id"] for _ in range(2)]
        client.post(f"/scheduler/execucoes/{runs[1]}/cancel")
        generation = GenerationConfig(with_security_parameters=False)
        schema = schemathesis.openapi.from_dict(
            client.get("/openapi.json").json(),
            config=SchemathesisConfig(
                projects=ProjectsConfig(default=ProjectConfig(generation=generation))
            ),
        )
        schema.app = app
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        # What is removed can't be asked for any more.
        operations.sort(key=lambda operation: operation.method.lower() == "delete")
        known = {
            "job_id": jobs,
            "run_id": runs,
            "part": ["db", "redis"],
            "name": ["executor.active", "scheduler.execution.duration"],
        }
        yield Plane(client, operations, known, Counter())


def each_operation(plane: Plane, count: int) -> Iterator[tuple[Operation, settings]]:
    """Yield every operation, and how hard it is tried: with so many requests all in all."""
    each = max(1, -(-count // len(plane.operations)))
    tried = settings(
        max_examples=each,
        deadline=None,
        derandomize="AEGIS_TESTS_REQUESTS" not in os.environ,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    for operation in plane.operations:
        yield operation, tried


def test_every_request_is_answered_as_the_document_says(plane: Plane) -> None:
    for operation, tried in each_operation(plane, _REQUESTS - _REQUESTS // _OF_NOBODY):

        @tried
        @given(plane.cases(operation))
        def hold(case: Request) -> None:
            own = {"Authorization": plane.client.headers["Authorization"]}
            answer = case.call_and_validate(session=plane.client, headers=own, checks=_CHECKS)
            plane.answers[answer.status_code] += 1

        hold()
    # Not all were refused for the same reason, nor were they few.
    assert plane.answers.total() >= _REQUESTS * 0.7
    assert set(plane.answers) >= {200, 201, 202, 204, 404, 409, 422}
    assert 401 not in plane.answers


def test_nobody_is_told_anything_but_whether_all_is_well(plane: Plane) -> None:
    with asgi.get_client(plane.operations[0].app) as nobody:
        for operation, tried in each_operation(plane, _REQUESTS // _OF_NOBODY):

            @tried
            @given(plane.cases(operation))
            def hold(case: Request) -> None:
                answer = case.call_and_validate(session=nobody, checks=_CHECKS)
                if not case.operation.path.startswith("/actuator/health"):
                    # What is no address is none for anybody.
                    assert answer.status_code == 401 or "holds a NUL" in answer.text, answer.text

            hold()
