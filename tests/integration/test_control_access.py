"""Who may call the control plane: keys, tokens, scopes and tenants, over real HTTP."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from tests.integration.control_place import (
    INTERNAL_KEY,
    JWT_KEY,
    ControlPlane,
    open_control_plane,
    token,
    two_databases,
)
from tests.servers.postgres import Database

NORTH = {
    "nome_job": "norths",
    "tenant_id": "north",
    "servico_alvo": "resultados",
    "endpoint_execucao": "/run",
}
_READ = [
    ("GET", "/scheduler/jobs"),
    ("GET", "/scheduler/jobs/x"),
    ("GET", "/scheduler/execucoes"),
    ("GET", "/scheduler/execucoes/x"),
    ("GET", "/scheduler/status"),
    ("GET", "/scheduler/metrics"),
    ("GET", "/actuator/metrics/executor.active"),
    ("GET", "/api/v1/jobs/status"),
    ("GET", "/api/v1/jobs/stats"),
    ("GET", "/openapi.json"),
]
_OPERATE = [
    ("POST", "/scheduler/jobs/x/execute"),
    ("POST", "/scheduler/jobs/x/retry"),
    ("POST", "/scheduler/execucoes/x/retry"),
    ("POST", "/scheduler/execucoes/x/cancel"),
    ("POST", "/scheduler/events"),
    ("POST", "/api/v1/jobs/rebuild-daily-metrics"),
]
_ADMIN = [
    ("POST", "/scheduler/jobs"),
    ("PUT", "/scheduler/jobs/x"),
    ("DELETE", "/scheduler/jobs/x"),
    ("POST", "/scheduler/pause"),
    ("POST", "/scheduler/resume"),
    ("POST", "/scheduler/admin/test-lock"),
]
_TAKE_THE_KEY = [
    ("POST", "/scheduler/jobs/x/execute"),
    ("POST", "/scheduler/jobs/x/retry"),
    ("POST", "/scheduler/events"),
    ("POST", "/api/v1/jobs/rebuild-daily-metrics"),
]


@pytest.fixture(scope="module")
def plane(
    tmp_path_factory: pytest.TempPathFactory, state_database_template: Database
) -> Iterator[ControlPlane]:
    """A control plane, one for all tests here; it knows a job of the north."""
    folder = tmp_path_factory.mktemp("access")
    with (
        two_databases(state_database_template, "access") as (orders, state),
        open_control_plane(folder, orders, state) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def job_id(plane: ControlPlane) -> str:
    """A job of the north."""
    made: str = plane.ask("POST", "/scheduler/jobs", NORTH).json()["id"]
    return made


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(("method", "path"), _READ + _OPERATE + _ADMIN)
def test_nobody_gets_in_without_a_key_or_a_token(
    plane: ControlPlane, method: str, path: str
) -> None:
    answer = plane.client.request(method, path)

    assert code_of(answer) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), _OPERATE + _ADMIN)
def test_nothing_of_a_body_is_read_before_somebody_is_let_in(
    plane: ControlPlane, method: str, path: str
) -> None:
    for content in (b"{", b"\xff", b"[" * 100_000):
        answer = plane.client.request(
            method, path, content=content, headers={"Content-Type": "application/json"}
        )
        assert code_of(answer) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/scheduler/jobs?nome_job=%00", None),
        ("GET", "/scheduler/execucoes?job_id=a%00", None),
        ("GET", "/scheduler/execucoes/%00", None),
        ("POST", "/scheduler/execucoes/%00/retry", None),
        ("GET", "/api/v1/jobs/status?jobLogId=%00", None),
        ("POST", "/scheduler/pause", {"grupo_job": "a\0"}),
        ("POST", "/scheduler/pause", {"grupo_job": "nul", "motivo": "a\0"}),
        ("POST", "/scheduler/jobs", {**NORTH, "descricao": "\0"}),
        ("POST", "/scheduler/jobs", {**NORTH, "dependencias": ["\0"]}),
        ("POST", "/scheduler/events", {"tipo": "T", "id": "1", "tenant_id": "\0"}),
        ("POST", "/api/v1/jobs/rebuild-daily-metrics", {"tenantId": "\0", "from": "yesterday"}),
    ],
)
def test_a_nul_is_refused_wherever_it_stands(
    plane: ControlPlane, method: str, path: str, body: object
) -> None:
    assert code_of(plane.ask(method, path, body)) == (422, "invalid_request")


@pytest.mark.parametrize("scope", ["read", "operate", "admin", "", "write"])
def test_each_scope_may_what_it_says_and_what_is_below_it(plane: ControlPlane, scope: str) -> None:
    rank = {"read": 1, "operate": 2, "admin": 3}.get(scope, 0)
    for needed, routes in enumerate((_READ, _OPERATE, _ADMIN), start=1):
        for method, path in routes:
            # What is unfit to begin with shows who is let in, and does nothing.
            answer = plane.ask(method, path, {"unfit": True}, scope=scope)
            if rank < needed:
                assert code_of(answer) == (403, "scope_missing"), path
            elif answer.headers["content-type"].startswith("application/"):
                assert answer.status_code not in (401, 403), path


def test_the_key_starts_jobs_alone(plane: ControlPlane) -> None:
    headers = {"X-Internal-Key": INTERNAL_KEY}
    for method, path in _READ + _OPERATE + _ADMIN:
        answer = plane.client.request(method, path, json={"unfit": True}, headers=headers)
        is_let_in = answer.status_code != 401
        assert is_let_in == ((method, path) in _TAKE_THE_KEY), path


@pytest.mark.parametrize("key", ["", "x", INTERNAL_KEY[:-1], INTERNAL_KEY + "x", "x" * 5_000])
def test_another_key_is_refused_whatever_its_length(plane: ControlPlane, key: str) -> None:
    answer = plane.client.post("/scheduler/events", headers={"X-Internal-Key": key})
    assert code_of(answer) == (401, "key_invalid")


def _unsigned() -> str:
    content = jwt.decode(token(), options={"verify_signature": False})
    return jwt.encode(content, "", algorithm="none")


def _swapped() -> str:
    content = jwt.decode(token(), options={"verify_signature": False})
    return jwt.encode(content, JWT_KEY * 2, algorithm="HS512")


def _critical() -> str:
    content = jwt.decode(token(), options={"verify_signature": False})
    return jwt.encode(content, JWT_KEY, headers={"crit": ["b64x"], "b64x": True})


_BAD: dict[str, tuple[Any, str]] = {
    "unsigned": (_unsigned, "token_algorithm"),
    "another algorithm": (_swapped, "token_algorithm"),
    "an unknown extension": (_critical, "token_invalid"),
    "another key": (lambda: token(key="x" * 40), "token_invalid"),
    "expired": (lambda: token(exp=int(time.time()) - 60), "token_expired"),
    "not yet valid": (lambda: token(nbf=int(time.time()) + 600), "token_not_yet_valid"),
    "of another issuer": (lambda: token(iss="https://other.example"), "token_issuer"),
    "for somebody else": (lambda: token(aud="other"), "token_audience"),
    "without an end": (lambda: token(exp=None), "token_invalid"),
    "without an issuer": (lambda: token(iss=None), "token_invalid"),
    "of nobody": (lambda: token(sub=None), "token_invalid"),
    "nonsense": (lambda: "nonsense", "token_invalid"),
    "endless": (lambda: "x" * 9_000, "token_too_long"),
}


@pytest.mark.parametrize(("make", "code"), _BAD.values(), ids=_BAD.keys())
def test_a_token_that_does_not_count_is_refused(plane: ControlPlane, make: Any, code: str) -> None:  # noqa: ANN401 - makes a token
    headers = {"Authorization": f"Bearer {make()}"}
    assert code_of(plane.client.get("/scheduler/jobs", headers=headers)) == (401, code)


def test_a_token_without_a_tenant_is_good_for_none(plane: ControlPlane) -> None:
    assert code_of(plane.ask("GET", "/scheduler/jobs", tenant=None)) == (403, "tenant_missing")
    assert code_of(plane.ask("GET", "/scheduler/jobs", tenant=["north"])) == (403, "tenant_missing")


def test_one_tenant_sees_nothing_of_another(plane: ControlPlane, job_id: str) -> None:
    run_id = plane.ask("POST", f"/scheduler/jobs/{job_id}/execute", tenant="north").json()["id"]
    plane.execution(run_id)

    for method, path in (
        ("GET", f"/scheduler/jobs/{job_id}"),
        ("DELETE", f"/scheduler/jobs/{job_id}"),
        ("POST", f"/scheduler/jobs/{job_id}/execute"),
        ("POST", f"/scheduler/jobs/{job_id}/retry"),
        ("GET", f"/scheduler/execucoes/{run_id}"),
        ("POST", f"/scheduler/execucoes/{run_id}/retry"),
        ("POST", f"/scheduler/execucoes/{run_id}/cancel"),
    ):
        assert plane.ask(method, path, tenant="south").status_code == 404, path
    assert plane.ask("PUT", f"/scheduler/jobs/{job_id}", NORTH, tenant="south").status_code == 404
    assert plane.ask("GET", "/scheduler/jobs", tenant="south").json() == []
    assert plane.ask("GET", "/scheduler/execucoes", tenant="south").json() == []
    assert plane.ask("GET", "/api/v1/jobs/status", tenant="south").json() == []
    assert plane.ask("GET", f"/scheduler/jobs/{job_id}", tenant="north").status_code == 200
    for scope in (None, "g-of-north"):
        body = {"motivo": "north moves"} | ({} if scope is None else {"grupo_job": scope})
        assert plane.ask("POST", "/scheduler/pause", body).status_code == 200
    status = plane.ask("GET", "/scheduler/status", tenant="south")
    for scope in (None, "g-of-north"):
        body = {} if scope is None else {"grupo_job": scope}
        assert plane.ask("POST", "/scheduler/resume", body).status_code == 200
    assert "north" not in status.text
    assert [(each["grupo_job"], each["motivo"]) for each in status.json()["pausas"]] == [(None, "")]
    assert (status.json()["status"], status.json()["jobs_ativos"]) == ("PAUSED", 0)
    document = plane.ask("GET", "/openapi.json").json()["paths"]
    for path, documented in (
        ("/scheduler/metrics", "/scheduler/metrics"),
        ("/actuator/metrics/scheduler.execution.duration", "/actuator/metrics/{name}"),
        ("/api/v1/jobs/stats", "/api/v1/jobs/stats"),
    ):
        refused = plane.ask("GET", path, tenant="south")
        assert code_of(refused) == (403, "tenant_forbidden"), path
        assert "north" not in refused.text
        assert plane.ask("GET", path).status_code == 200
        assert "403" in document[documented]["get"]["responses"], path


def test_one_tenant_changes_nothing_of_others_or_of_all(plane: ControlPlane) -> None:
    of_all = {**NORTH, "nome_job": "everyones", "tenant_id": "*"}
    event = {"tipo": "TenantCreated", "id": "e-1", "tenant_id": "north"}
    rebuild = {"tenantId": "north", "from": "yesterday"}

    for path, body in (
        ("/scheduler/jobs", {**NORTH, "nome_job": "x"}),
        ("/scheduler/jobs", of_all),
        ("/scheduler/events", event),
        ("/api/v1/jobs/rebuild-daily-metrics", rebuild),
        ("/scheduler/pause", None),
        ("/scheduler/resume", None),
    ):
        answer = plane.ask("POST", path, body, tenant="south")
        assert code_of(answer) == (403, "tenant_forbidden"), path
    made = plane.ask("POST", "/scheduler/jobs", of_all).json()
    executed = plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute", tenant="south")
    assert executed.status_code == 404


def test_a_job_of_somebody_who_sees_one_tenant_is_of_that(plane: ControlPlane) -> None:
    body = {"nome_job": "own", "servico_alvo": "resultados", "endpoint_execucao": "/run"}
    made = plane.ask("POST", "/scheduler/jobs", body, tenant="south")
    assert (made.status_code, made.json()["tenant_id"]) == (201, "south")


def test_every_change_and_every_refusal_is_in_the_audit(plane: ControlPlane) -> None:
    made = plane.define("audited")
    plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute", sub="rui")
    plane.ask("GET", f"/scheduler/jobs/{made['id']}", tenant="south", sub="eve")
    plane.client.get("/scheduler/status", headers={"Authorization": f"Bearer {_unsigned()}"})

    entries = [
        (each["operator"], each["action"], each["reason"], each["origin"])
        for each in plane.audit()[:4]
    ]
    assert entries[0] == ("nobody", "control.refused", "token_algorithm", "127.0.0.1")
    assert entries[1] == ("eve", "control.refused", "unknown_job", "127.0.0.1")
    assert (entries[2][:2], entries[2][3]) == (("rui", "job.execute"), "127.0.0.1")
    assert entries[3] == ("ana", "job.create", "audited", "127.0.0.1")


def test_refusals_are_counted(plane: ControlPlane) -> None:
    plane.client.get("/scheduler/status")
    told = plane.ask("GET", "/scheduler/metrics").text
    assert 'scheduler_control_refused_total{code="not_authenticated"}' in told


def test_no_secret_is_in_the_log(plane: ControlPlane) -> None:
    own = token()
    plane.client.get("/scheduler/status", headers={"Authorization": f"Bearer {own}"})
    for secret in (JWT_KEY, INTERNAL_KEY, own):
        assert secret not in plane.serving.text
