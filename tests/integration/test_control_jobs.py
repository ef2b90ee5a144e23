"""Jobs over real HTTP: a process that serves, and its state on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.integration.control_place import (
    INTERNAL_KEY,
    ControlPlane,
    open_control_plane,
    two_databases,
)
from tests.servers.ground import wait_until
from tests.servers.postgres import Database

_names = count(1)
A_DAY = {"tipo_job": "FIXED_RATE", "intervalo_ms": 86_400_000}


@pytest.fixture(scope="module")
def plane(
    tmp_path_factory: pytest.TempPathFactory, state_database_template: Database
) -> Iterator[ControlPlane]:
    """A control plane, one for all tests here; each has jobs of its own names."""
    folder = tmp_path_factory.mktemp("control")
    with (
        two_databases(state_database_template, "control") as (orders, state),
        open_control_plane(folder, orders, state) as opened,
    ):
        yield opened


@pytest.fixture
def name() -> str:
    """A name that no other job has."""
    return f"job-{next(_names)}"


def refused(plane: ControlPlane, method: str, path: str, body: object = None, **how: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the status and the code of a refusal, which is a problem document."""
    answer = plane.ask(method, path, body, **how)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"] == f"urn:aegis-batch:problem:{told['code']}"
    return answer.status_code, told["code"]


def test_a_job_comes_back_as_it_was_made(plane: ControlPlane, name: str) -> None:
    made = plane.define(
        name,
        **A_DAY,
        descricao="Os rankings.",
        payload_json={"top": 10},
        max_tentativas=2,
        timeout_segundos=60,
        prioridade="HIGH",
        grupo_job="nightly",
        condicoes_execucao=[{"tipo": "dias_semana", "valores": ["MON"]}],
        categoria="critical",
        eventos=["RankingsAsked"],
    )

    shown = plane.ask("GET", f"/scheduler/jobs/{made['id']}", scope="read")
    assert shown.json() == made
    assert shown.headers["ETag"] == '"1"'
    assert made["criado_por"] == "ana"
    assert made["repeticao_imediata"] is True
    assert made["proxima_execucao"].endswith("Z")


def test_a_job_for_one_time_without_a_zone_is_utc_and_fires_when_it_is_due(
    plane: ControlPlane, name: str
) -> None:
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    made = plane.define(name, tipo_job="ONE_TIME", proxima_execucao=now.isoformat())

    def has_run() -> bool:
        found = plane.ask("GET", f"/scheduler/execucoes?job_id={made['id']}").json()
        return [each["status"] for each in found] == ["SUCCESS"]

    wait_until(has_run, what="the job", timeout_seconds=30)
    assert made["proxima_execucao"] == f"{now.isoformat()}Z"


def test_a_job_is_started_by_hand_and_its_answer_is_kept(plane: ControlPlane, name: str) -> None:
    made = plane.define(name, payload_json={"top": 3})

    started = plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute", scope="operate")

    assert started.status_code == 202
    assert started.json()["status"] == "PENDING"
    assert started.headers["Location"] == f"/scheduler/execucoes/{started.json()['id']}"
    ended = plane.execution(started.json()["id"])
    assert (ended["status"], ended["nome_job"], ended["job_id"]) == ("SUCCESS", name, made["id"])
    assert ended["resultado"] == {"status": 200, "body": '{"done":true}', "cut": False}
    assert "job.completed" in ended["logs_execucao"]
    assert ended["servidor_execucao"].startswith("kitchen/")
    assert ("/run", '{"top":3}', "north", ended["id"]) in plane.service.heard


def test_the_key_starts_jobs_and_does_nothing_else(plane: ControlPlane, name: str) -> None:
    made = plane.define(name)
    key = {"X-Internal-Key": INTERNAL_KEY}

    started = plane.client.post(f"/scheduler/jobs/{made['id']}/execute", headers=key)
    shown = plane.client.get(f"/scheduler/jobs/{made['id']}", headers=key)
    removed = plane.client.delete(f"/scheduler/jobs/{made['id']}", headers=key)

    assert (started.status_code, shown.status_code, removed.status_code) == (202, 401, 401)


def test_a_failed_execution_is_started_again(plane: ControlPlane, name: str) -> None:
    made = plane.define(name, endpoint_execucao="/418", max_tentativas=1)
    first = plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute").json()
    failed = plane.execution(first["id"])
    assert (failed["status"], failed["erro_mensagem"].partition(":")[0]) == (
        "FAILED",
        "service_refused",
    )

    again = plane.ask("POST", f"/scheduler/execucoes/{first['id']}/retry", scope="operate")
    plane.execution(again.json()["id"])
    last = plane.ask("POST", f"/scheduler/jobs/{made['id']}/retry", scope="operate")
    plane.execution(last.json()["id"])
    # The first was started again before, and so was that: the newest is.
    newest = plane.ask("POST", f"/scheduler/execucoes/{first['id']}/retry", scope="operate")
    plane.execution(newest.json()["id"])

    assert [each.status_code for each in (again, last, newest)] == [202] * 3
    assert newest.json()["fim_execucao"] is None
    found = plane.ask("GET", f"/scheduler/execucoes?job_id={made['id']}").json()
    assert [each["id"] for each in found] == [
        newest.json()["id"],
        last.json()["id"],
        again.json()["id"],
        first["id"],
    ]


def test_a_job_that_is_not_active_is_not_started_again(plane: ControlPlane, name: str) -> None:
    made = plane.define(name)
    run_id = plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute").json()["id"]
    plane.execution(run_id)
    asked = {"nome_job": name, "servico_alvo": "resultados", "endpoint_execucao": "/run"}
    asked["tenant_id"] = made["tenant_id"]
    changed = plane.ask("PUT", f"/scheduler/jobs/{made['id']}", asked | {"ativo": False})

    refused = plane.ask("POST", f"/scheduler/jobs/{made['id']}/retry", scope="operate")

    assert (changed.status_code, refused.status_code) == (200, 409)
    assert refused.json()["code"] == "job_inactive"


def test_an_execution_that_waits_is_cancelled(plane: ControlPlane, name: str) -> None:
    made = plane.define(name, endpoint_execucao="/503", max_tentativas=3)
    run_id = plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute").json()["id"]

    def waits() -> bool:
        shown = plane.ask("GET", f"/scheduler/execucoes/{run_id}").json()
        return bool(shown["erro_mensagem"])

    wait_until(waits, what="the first attempt", timeout_seconds=30)
    cancelled = plane.ask("POST", f"/scheduler/execucoes/{run_id}/cancel", scope="operate")

    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "CANCELLED")
    assert refused(plane, "POST", f"/scheduler/execucoes/{run_id}/cancel") == (409, "run_ended")


def test_a_job_is_changed_only_where_it_is_what_it_was(plane: ControlPlane, name: str) -> None:
    made = plane.define(name, **A_DAY)
    path = f"/scheduler/jobs/{made['id']}"

    changed = plane.ask("PUT", path, {**made, "descricao": "x"}, headers={"If-Match": '"1"'})
    late = refused(plane, "PUT", path, {**made, "ativo": False}, headers={"If-Match": '"1"'})
    gone = refused(plane, "DELETE", path, headers={"If-Match": "nonsense"})

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json()["proxima_execucao"] == made["proxima_execucao"]
    assert late == gone == (412, "version_differs")


def test_a_removed_job_is_gone_and_its_executions_stay(plane: ControlPlane, name: str) -> None:
    made = plane.define(name)
    run_id = plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute").json()["id"]
    plane.execution(run_id)

    removed = plane.ask("DELETE", f"/scheduler/jobs/{made['id']}")

    assert (removed.status_code, removed.content) == (204, b"")
    assert refused(plane, "GET", f"/scheduler/jobs/{made['id']}") == (404, "unknown_job")
    assert plane.ask("GET", f"/scheduler/execucoes/{run_id}").json()["nome_job"] == name
    assert plane.define(name)["id"] != made["id"]


def test_jobs_come_the_newest_last_and_by_pages(plane: ControlPlane, name: str) -> None:
    made = [plane.define(f"{name}-{place}", grupo_job=name)["id"] for place in range(3)]
    path = f"/scheduler/jobs?grupo_job={name}&limite=2"

    newest = plane.ask("GET", path, scope="read")
    older = plane.ask("GET", newest.headers["Link"].partition(">")[0][1:])

    assert [each["id"] for each in newest.json()] == made[1:]
    assert [each["id"] for each in older.json()] == made[:1]
    assert plane.ask("GET", "/scheduler/jobs").json()[-1]["id"] == made[-1]
    assert refused(plane, "GET", "/scheduler/jobs?antes=nonsense") == (422, "invalid_cursor")


def test_executions_come_the_newest_first_and_by_pages(plane: ControlPlane, name: str) -> None:
    made = plane.define(name)
    execute = f"/scheduler/jobs/{made['id']}/execute"
    ids = [plane.ask("POST", execute).json()["id"] for _ in range(3)]
    for run_id in ids:
        plane.execution(run_id)

    newest = plane.ask("GET", f"/scheduler/execucoes?job_id={made['id']}&limite=2&status=SUCCESS")
    older = plane.ask("GET", newest.headers["Link"].partition(">")[0][1:])

    assert [each["id"] for each in newest.json()] == ids[:0:-1]
    assert [each["id"] for each in older.json()] == ids[:1]
    assert plane.ask("GET", "/scheduler/execucoes").json()[0]["id"] == ids[-1]
    assert plane.ask("GET", "/scheduler/execucoes?job_id=daily-close").json() == []


def test_a_request_that_is_sent_again_is_carried_out_once(plane: ControlPlane, name: str) -> None:
    once = {"Idempotency-Key": f"key-{name}"}
    body = {"nome_job": name, "servico_alvo": "resultados", "endpoint_execucao": "/run"}
    first = plane.ask("POST", "/scheduler/jobs", body, headers=once)
    again = plane.ask("POST", "/scheduler/jobs", body, headers=once)
    other = refused(plane, "POST", "/scheduler/jobs", {**body, "descricao": "x"}, headers=once)

    execute = f"/scheduler/jobs/{first.json()['id']}/execute"
    runs = [
        plane.ask("POST", execute, headers={"Idempotency-Key": f"run-{name}"}).json()["id"]
        for _ in range(2)
    ]

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert other == (422, "key_reused")
    assert runs[0] == runs[1]


def test_every_change_that_is_sent_again_is_carried_out_once(
    plane: ControlPlane, name: str
) -> None:
    made = plane.define(name)
    path = f"/scheduler/jobs/{made['id']}"
    changed = {**made, "descricao": "another"}
    plane.service.gate.clear()
    waits = plane.define(f"{name}-waits", endpoint_execucao="/gate")
    run_id = plane.ask("POST", f"/scheduler/jobs/{waits['id']}/execute").json()["id"]
    group = {"grupo_job": name, "motivo": "a test"}

    for method, where, body in (
        ("PUT", path, changed),
        ("POST", f"/scheduler/execucoes/{run_id}/cancel", None),
        ("POST", "/scheduler/pause", group),
        ("POST", "/scheduler/resume", group),
        ("DELETE", path, None),
    ):
        key = {"Idempotency-Key": f"{method}-{where[-40:]}-{name}"}
        first, again = (plane.ask(method, where, body, headers=key) for _ in range(2))
        assert first.is_success, (where, first.text)
        assert (again.status_code, again.headers.get("ETag")) == (
            first.status_code,
            first.headers.get("ETag"),
        )
        if where != f"/scheduler/execucoes/{run_id}/cancel":
            assert again.text == first.text
        assert plane.ask(method, where, {"x": 1}, headers=key).status_code == 422, where
    plane.service.gate.set()
    done = [each["action"] for each in plane.audit() if name in (each["reason"], each["subject"])]
    assert sorted(done) == sorted(
        ["job.create", "job.update", "job.remove", "scheduler.pause", "scheduler.resume"]
    )


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"servico_alvo": "unknown"}, 422, "unknown_service"),
        ({"servico_alvo": "http://evil.example"}, 422, "unknown_service"),
        ({"endpoint_execucao": "//evil.example/"}, 422, "invalid_job"),
        ({"endpoint_execucao": "/../admin"}, 422, "invalid_job"),
        ({"tipo_job": "CRON", "expressao_cron": "nonsense"}, 422, "invalid_cron"),
        ({"tipo_job": "CRON"}, 422, "invalid_job"),
        ({"tipo_job": "ONE_TIME", "proxima_execucao": "soon"}, 422, "invalid_request"),
        ({"tipo_job": "SOMETIMES"}, 422, "invalid_request"),
        ({"intervalo_ms": 5}, 422, "invalid_request"),
        ({"payload_json": {"password": "hunter2"}}, 422, "invalid_job"),
        ({"dependencias": ["nobody"]}, 422, "unknown_dependency"),
        ({"tarefa": "fechamento_diario"}, 422, "invalid_job"),
        ({"tenant_id": " "}, 422, "invalid_tenant"),
        ({"estranho": 1}, 422, "invalid_request"),
        ({"nome_job": ""}, 422, "invalid_job"),
        ({"payload_json": {"x": "y" * 1_100_000}}, 422, "invalid_job"),
        ({"payload_json": {"x": "y" * 2_200_000}}, 413, "too_large"),
    ],
)
def test_a_job_that_is_unfit_is_refused(
    plane: ControlPlane, name: str, fields: dict[str, object], status: int, code: str
) -> None:
    body = {
        "nome_job": name,
        "servico_alvo": "resultados",
        "endpoint_execucao": "/run",
        **fields,
    }
    assert refused(plane, "POST", "/scheduler/jobs", body) == (status, code)


def test_a_name_is_taken_once(plane: ControlPlane, name: str) -> None:
    plane.define(name, **A_DAY)
    body = {
        "nome_job": name,
        "tenant_id": "north",
        "servico_alvo": "resultados",
        "endpoint_execucao": "/run",
    }
    assert refused(plane, "POST", "/scheduler/jobs", body) == (409, "name_taken")


def test_jobs_that_would_wait_for_each_other_are_refused_with_the_circle(
    plane: ControlPlane, name: str
) -> None:
    first = plane.define(f"{name}-a")
    second = plane.define(f"{name}-b", dependencias=[f"{name}-a"])
    circle = {**first, "dependencias": [second["id"]]}

    answer = plane.ask("PUT", f"/scheduler/jobs/{first['id']}", circle)

    assert answer.status_code == 422
    assert f"{name}-a -> {name}-b -> {name}-a" in answer.json()["detail"]
    assert refused(plane, "DELETE", f"/scheduler/jobs/{first['id']}") == (409, "job_needed")


def test_a_job_that_is_paused_with_its_group_is_skipped(plane: ControlPlane, name: str) -> None:
    paused = plane.ask("POST", "/scheduler/pause", {"grupo_job": name, "motivo": "a test"})
    soon = (datetime.now(UTC) + timedelta(seconds=-1)).isoformat()
    made = plane.define(name, grupo_job=name, tipo_job="ONE_TIME", proxima_execucao=soon)

    def is_decided() -> bool:
        shown = plane.place.run("schedules", "show", f"job:{made['id']}", "--output", "json").told
        return [each["decision"] for each in shown["occurrences"]] == ["SKIPPED"]

    wait_until(is_decided, what="the decision", timeout_seconds=30)
    status = plane.ask("GET", "/scheduler/status", scope="read").json()
    resumed = plane.ask("POST", "/scheduler/resume", {"grupo_job": name})

    assert (paused.status_code, resumed.status_code) == (200, 200)
    assert name in [each["grupo_job"] for each in status["pausas"]]
    assert refused(plane, "POST", "/scheduler/resume", {"grupo_job": name}) == (409, "not_paused")
    assert plane.ask("GET", f"/scheduler/execucoes?job_id={made['id']}").json() == []
