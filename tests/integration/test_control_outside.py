"""What other systems start over real HTTP, what they see of it, and the scheduler as a whole."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.integration.control_place import (
    INTERNAL_KEY,
    ControlPlane,
    open_control_plane,
    token,
    two_databases,
)
from tests.integration.orders_shop import run_sql
from tests.integration.serving_place import wait_for
from tests.integration.tenants_place import DAY
from tests.servers.ground import wait_until
from tests.servers.postgres import Database
from tests.unit.deploy.hcl import Module

_INBOX = Path(__file__).parents[2] / "deploy" / "sql" / "event_inbox.sql"
_SCRIPTS = Path(__file__).parent / "scripts"
_REBUILD = "/api/v1/jobs/rebuild-daily-metrics"
_ids = count(1)


@pytest.fixture(scope="module")
def plane(
    tmp_path_factory: pytest.TempPathFactory, state_database_template: Database
) -> Iterator[ControlPlane]:
    """A control plane, one for all tests here."""
    folder = tmp_path_factory.mktemp("outside")
    with two_databases(state_database_template, "outside") as (orders, state):
        run_sql(orders, _INBOX.read_text())
        more = {"AEGIS_JOBS_WAITING_MAX": "8", "AEGIS_EVENTS_URL": orders.dsn()}
        with open_control_plane(folder, orders, state, **more) as opened:
            yield opened


def rebuild(plane: ControlPlane, **body: object) -> Any:  # noqa: ANN401 - an answer
    return plane.client.post(_REBUILD, json=body, headers={"X-Internal-Key": INTERNAL_KEY})


def code_of(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - the same
    return answer.status_code, answer.json()["code"]


# Rebuilding


def test_a_range_is_derived_again_and_answered_as_the_specification_shows(
    plane: ControlPlane,
) -> None:
    first = DAY - timedelta(days=2)
    answer = rebuild(plane, tenantId="north", **{"from": str(first), "to": str(DAY)})

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert isinstance(told.pop("duration"), int)
    job_log_id = told.pop("jobLogId")
    assert told == {
        "success": True,
        "daysProcessed": 3,
        "rowsUpserted": 3,
        "listingsProcessed": 2,
        "dateRange": {"from": str(first), "to": str(DAY), "maxDateAfterRebuild": str(DAY)},
    }
    assert {("north", str(DAY)), ("north", str(first))} <= set(plane.place.reports())
    [log] = plane.ask("GET", f"/api/v1/jobs/status?jobLogId={job_log_id}", scope="read").json()
    assert (log["jobType"], log["status"], log["recordsProcessed"]) == (
        "metrics_aggregation",
        "SUCCESS",
        3,
    )

    again = rebuild(plane, tenantId="north", **{"from": str(first), "to": str(DAY)})
    assert (again.status_code, again.json()["daysProcessed"]) == (200, 3)
    assert again.json()["rowsUpserted"] == 0


def test_yesterday_is_a_day_that_can_be_named(plane: ControlPlane) -> None:
    answer = rebuild(plane, tenantId="south", **{"from": "yesterday"})

    assert answer.status_code == 200, answer.text
    # The zone of that tenant, and not that of the deployment.
    day = datetime.now(UTC).astimezone(ZoneInfo("Asia/Tokyo")).date() - timedelta(days=1)
    assert answer.json()["dateRange"]["from"] == str(day)


def test_what_eventbridge_sends_again_is_carried_out_once(plane: ControlPlane) -> None:
    (target,) = Module("terraform")["aws_scheduler_schedule.rebuild"]["target"]
    text = target["input"].replace("${var.name}", "aegis-batch-rebuild-daily-metrics")
    text = text.replace("<aws.scheduler.scheduled-time>", "2026-11-30T09:00:00Z")
    body = '{"from":"yesterday","tenantId":"south"}'
    detail = json.loads(text.replace("${jsonencode(local.request)}", body))
    headers = {"X-Internal-Key": INTERNAL_KEY, "Idempotency-Key": detail["key"]}

    first, again = (
        plane.client.post(_REBUILD, json=detail["request"], headers=headers) for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["jobLogId"] == again.json()["jobLogId"]


def test_a_long_range_is_answered_with_where_to_look(plane: ControlPlane) -> None:
    answer = rebuild(plane, tenantId="north", **{"from": "2026-01-01", "to": "2026-05-31"})

    assert answer.status_code == 202
    where = answer.headers["Location"]
    assert answer.json()["statusUrl"] == where
    run_id = answer.json()["jobLogId"]
    assert plane.ask("GET", where, scope="read").json()[0]["id"] == run_id
    cancelled = plane.ask("POST", f"/scheduler/execucoes/{run_id}/cancel", scope="operate")
    assert cancelled.status_code == 202
    assert plane.execution(run_id)["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"tenantId": "nobody", "from": "yesterday"}, 404, "unknown_tenant"),
        ({"tenantId": "gone", "from": "yesterday"}, 404, "unknown_tenant"),
        ({"from": "yesterday"}, 404, "unknown_tenant"),
        ({"tenantId": "north", "from": "2026-02-30"}, 422, "invalid_range"),
        ({"tenantId": "north", "from": "2024-02-01", "to": "2024-01-01"}, 422, "invalid_range"),
        ({"tenantId": "north", "to": "2999-01-01"}, 422, "invalid_range"),
        ({"tenantId": "north", "from": "2010-01-01"}, 422, "invalid_range"),
        ({"tenantId": "north", "daysBack": 0}, 422, "invalid_request"),
        ({"tenantId": 7}, 422, "invalid_request"),
    ],
)
def test_a_range_that_is_unfit_is_refused(
    plane: ControlPlane, body: dict[str, object], status: int, code: str
) -> None:
    assert code_of(rebuild(plane, **body)) == (status, code)


def test_a_day_that_can_not_be_derived_is_told(plane: ControlPlane) -> None:
    day = DAY - timedelta(days=30)
    plane.place.order(99, "south", f"{day}T03:00:00Z", "-1.00")

    answer = rebuild(plane, tenantId="south", **{"from": str(day), "to": str(day)})

    # Where it takes longer than a request waits, the answer is where to look.
    assert answer.status_code in {409, 202}
    if answer.status_code == 409:
        assert (code_of(answer)[1], answer.json()["success"]) == ("rebuild_failed", False)
    path = f"/api/v1/jobs/status?jobLogId={answer.json()['jobLogId']}"
    wait_for(lambda: plane.ask("GET", path).json()[0]["status"] == "FAILED", "the rebuild to fail")
    [shown] = plane.ask("GET", path).json()
    assert shown["errorMessage"] == "1 of 1 days could not be derived."


def test_rebuilds_that_overlap_come_out_well_with_all_their_days(plane: ControlPlane) -> None:
    ranges = [("2026-10-01", "2026-10-12"), ("2026-10-05", "2026-10-16")] * 2

    with ThreadPoolExecutor(len(ranges)) as pool:
        answers = list(
            pool.map(
                lambda days: rebuild(plane, tenantId="north", **{"from": days[0], "to": days[1]}),
                ranges,
            )
        )

    for answer in answers:
        assert answer.status_code in {200, 202}, answer.text
        run_id = answer.json()["jobLogId"]
        assert plane.execution(run_id)["status"] == "SUCCESS"
        [log] = plane.ask("GET", f"/api/v1/jobs/status?jobLogId={run_id}", scope="read").json()
        assert log["metadata"]["daysProcessed"] == 12


def test_executions_are_listed_and_counted_by_their_type(plane: ControlPlane) -> None:
    rebuild(plane, tenantId="north", **{"from": str(DAY), "to": str(DAY)})
    path = "/api/v1/jobs/status?jobType=metrics_aggregation&limit=10"

    listed = plane.ask("GET", path, scope="read").json()
    counted = plane.ask("GET", "/api/v1/jobs/stats", scope="read").json()

    assert {each["jobType"] for each in listed} == {"metrics_aggregation"}
    assert len(listed) <= 10
    [told] = [each for each in counted["jobs"] if each["jobType"] == "rebuild-daily-metrics"]
    assert told["byStatus"]["SUCCESS"] >= 1
    assert code_of(plane.ask("GET", "/api/v1/jobs/status?jobType=x")) == (422, "unknown_job_type")


# Events


def test_an_event_starts_its_jobs_once_in_its_tenants_context(plane: ControlPlane) -> None:
    mine = plane.define("listens", tenant_id="*", eventos=["OrderPlaced"])
    plane.define("listens-too", tenant_id="south", eventos=["OrderPlaced"])
    event = {
        "tipo": "OrderPlaced",
        "id": f"event-{next(_ids)}",
        "tenant_id": "north",
        "ocorrido_em": "2026-11-21T12:00:00",
        "dados": {"orderId": 7},
    }
    headers = {"X-Internal-Key": INTERNAL_KEY}

    first = plane.client.post("/scheduler/events", json=event, headers=headers)
    again = plane.client.post("/scheduler/events", json=event, headers=headers)

    assert (first.status_code, first.json()["novo"], again.json()["novo"]) == (202, True, False)
    [started] = first.json()["jobs"]
    assert (started["nome_job"], again.json()["jobs"]) == ("listens", [])
    ended = plane.execution(started["execucao_id"])
    assert (ended["tenant_id"], ended["job_id"], ended["gatilho"]) == ("north", mine["id"], "event")
    [body] = [b for _, b, _, run_id in plane.service.heard if run_id == ended["id"]]
    assert '"orderId":7' in body


def test_a_row_in_the_inbox_is_an_event_once(plane: ControlPlane) -> None:
    made = plane.define("reads-inbox", tenant_id="*", eventos=["RowInserted"])

    def started() -> list[str]:
        found = plane.ask("GET", f"/scheduler/execucoes?job_id={made['id']}").json()
        return [each["tenant_id"] for each in found]

    run_sql(
        plane.place.database,
        "INSERT INTO job_events (id, type, tenant, data) VALUES"
        " ('row-1', 'RowInserted', 'south', '{}'), ('row-2', 'RowInserted', 'north', '{}'),"
        " ('row-1', 'RowInserted', 'south', '{}'), ('no id', 'RowInserted', 'south', '{}')",
    )
    wait_until(lambda: len(started()) >= 2, what="the events", timeout_seconds=30)
    event = {"tipo": "RowInserted", "id": "row-2", "tenant_id": "north"}

    assert plane.ask("POST", "/scheduler/events", event).json()["novo"] is False
    assert sorted(started()) == ["north", "south"]
    refusals = [each for each in plane.audit() if each["action"] == "event.refuse"]
    assert len(refusals) <= 1


def test_a_corrected_order_has_its_day_verified(plane: ControlPlane) -> None:
    plane.define(
        "verifies",
        tenant_id="*",
        tarefa="verificacao",
        eventos=["OrderCorrected"],
        servico_alvo=None,
        endpoint_execucao=None,
    )
    rebuild(plane, tenantId="north", **{"from": str(DAY), "to": str(DAY)})
    event = {
        "tipo": "OrderCorrected",
        "id": f"event-{next(_ids)}",
        "tenant_id": "north",
        "dados": {"date": str(DAY)},
    }

    [started] = plane.ask("POST", "/scheduler/events", event).json()["jobs"]

    ended = plane.execution(started["execucao_id"])
    assert ended["status"] == "SUCCESS"
    assert "1 closed days verified, 0 off" in ended["logs_execucao"]


@pytest.mark.parametrize(
    "changes",
    [
        {"tipo": "no type"},
        {"id": "no id"},
        {"dados": {"token": "secret"}},
        {"dados": {"x": "y" * 70_000}},
        {"ocorrido_em": "then"},
        {"tenant_id": "nobody"},
    ],
)
def test_an_event_that_is_unfit_is_refused(plane: ControlPlane, changes: dict[str, object]) -> None:
    event = {"tipo": "OrderPlaced", "id": "e", "tenant_id": "north", **changes}
    assert plane.ask("POST", "/scheduler/events", event).status_code in (404, 422)


# The scheduler as a whole


def test_the_scheduler_says_how_it_stands(plane: ControlPlane) -> None:
    status = plane.ask("GET", "/scheduler/status", scope="read").json()

    assert status["status"] == "RUNNING"
    assert status["limites"] == {"pool": 10, "simultaneos": 5, "fila": 8}
    assert len(status["servidores"]) == 1


def test_the_whole_scheduler_is_paused_and_resumed(plane: ControlPlane) -> None:
    paused = plane.ask("POST", "/scheduler/pause")
    status = plane.ask("GET", "/scheduler/status").json()["status"]
    again = plane.ask("POST", "/scheduler/pause")
    resumed = plane.ask("POST", "/scheduler/resume")

    assert (paused.status_code, status, resumed.json()["status"]) == (200, "PAUSED", "RUNNING")
    assert code_of(again) == (409, "paused_already")


def test_the_lock_is_taken_and_given_back(plane: ControlPlane) -> None:
    told = plane.ask("POST", "/scheduler/admin/test-lock").json()
    assert (told["status"], told["adquirido"], told["liberado"]) == ("OK", True, True)


def test_the_metrics_have_the_names_of_the_specification(plane: ControlPlane) -> None:
    made = plane.define("measured")
    run_id = plane.ask("POST", f"/scheduler/jobs/{made['id']}/execute").json()["id"]
    plane.execution(run_id)

    answer = plane.ask("GET", "/scheduler/metrics", scope="read")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'scheduler_jobs_executed_total{job="measured",status="SUCCESS"} 1',
        'scheduler_execution_duration_count{job="measured"} 1',
        'scheduler_execution_duration_bucket{job="measured",le="+Inf"} 1',
        'scheduler_queue_size{priority="CRITICAL"} 0',
        "# TYPE scheduler_jobs_failed_total counter",
        "# TYPE scheduler_active_jobs_gauge gauge",
        "# TYPE scheduler_jobs_scheduled_total counter",
    ):
        assert line in answer.text.splitlines()


def test_health_needs_no_token_and_says_a_word(plane: ControlPlane) -> None:
    for path in ("", "/db", "/redis", "/scheduler"):
        answer = plane.client.get(f"/actuator/health{path}")
        assert (answer.status_code, answer.json()) == (200, {"status": "UP"})
    assert plane.client.get("/actuator/health/x").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "executor.active",
        "executor.queued",
        "executor.pool.size",
        "scheduler.execution.duration",
        "r2dbc.pool.connections",
    ],
)
def test_single_metrics_are_answered_as_the_actuator_does(plane: ControlPlane, name: str) -> None:
    told = plane.ask("GET", f"/actuator/metrics/{name}", scope="read").json()
    assert told["name"] == name
    assert all(each["value"] >= 0 for each in told["measurements"])
    assert plane.ask("GET", "/actuator/metrics/x").status_code == 404


def test_what_is_not_there_is_a_problem_too(plane: ControlPlane) -> None:
    assert code_of(plane.client.get("/nowhere")) == (404, "http_404")
    assert code_of(plane.client.delete("/scheduler/status")) == (405, "http_405")
    assert code_of(
        plane.client.post("/scheduler/jobs", content=b"{", headers=_admin("application/json"))
    ) == (422, "invalid_request")


def _admin(kind: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token()}", "Content-Type": kind}


def test_one_run_more_than_may_wait_is_refused(plane: ControlPlane) -> None:
    gate = plane.define("waits", endpoint_execucao="/gate")
    path = f"/scheduler/jobs/{gate['id']}/execute"
    plane.service.gate.clear()
    try:
        answers = [plane.ask("POST", path) for _ in range(20)]
    finally:
        plane.service.gate.set()

    refused = [each for each in answers if each.status_code == 429]
    started = [each.json()["id"] for each in answers if each.status_code == 202]
    # Eight wait; five more may be under way already.
    assert 8 <= len(started) <= 13
    assert {code_of(each) for each in refused} == {(429, "queue_full")}
    assert refused[0].headers["Retry-After"] == "5"
    for run_id in started:
        assert plane.execution(run_id)["status"] == "SUCCESS"


# The specification's own words


def script(name: str, plane: ControlPlane, **variables: str) -> str:
    """Run a script of the specification, and return what it wrote."""
    missing = [each for each in ("bash", "curl", "jq") if which(each) is None]
    if missing:
        pytest.fail(f"apt-get install {' '.join(missing)}, which the scripts call")
    ended = subprocess.run(
        ["bash", str(_SCRIPTS / name)],  # noqa: S607 - as the shell finds it
        env={"PATH": "/usr/bin:/bin", "HOST": plane.url, "JWT": token(), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_smoke_test_of_the_specification_goes_well_twice(plane: ControlPlane) -> None:
    def statuses() -> set[str]:
        found = plane.ask("GET", "/scheduler/execucoes").json()
        return {each["status"] for each in found if each["nome_job"] == "test-job"}

    def triggers() -> list[str]:
        found = plane.ask("GET", "/scheduler/execucoes").json()
        return sorted(each["gatilho"] for each in found if each["nome_job"] == "test-job")

    for times in (1, 2):
        told = script("smoke_test.sh", plane)
        assert '"nome_job": "test-job"' in told
        # By hand, and at the time that had come already: neither takes the other's place.
        wanted = ["hand"] * times + ["schedule"] * times
        wait_until(lambda: triggers() == wanted, what="both runs", timeout_seconds=30)  # noqa: B023
        wait_until(lambda: statuses() == {"SUCCESS"}, what="the job", timeout_seconds=30)


def test_the_calls_of_operations_go_well(plane: ControlPlane) -> None:
    told = script("operations.sh", plane, KEY=INTERNAL_KEY, TENANT="north")
    assert '"success": true' in told
    assert '"jobType":"metrics_aggregation"' in told
