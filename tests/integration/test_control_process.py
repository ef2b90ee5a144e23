"""The control plane as a process: when it listens, on what, and that nothing else does."""

import re
import signal
import socket
from pathlib import Path

import httpx
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from aegis_batch.adapters.inbound.control.tokens import TokenChecker, TokenRules
from aegis_batch.domain.errors import InvalidRequest
from tests.integration.control_place import INTERNAL_KEY, TOKENS, open_service, token
from tests.integration.serving_place import Place, place_of, wait_for
from tests.servers.collector import Collector
from tests.servers.postgres import Database


@pytest.fixture
def place(tmp_path: Path, shop: Database) -> Place:
    """A place with a state in a file, and no Backend that anybody asks."""
    settings = {
        "AEGIS_SCHEDULE_CRON": "0 0 0 1 1 *",
        "AEGIS_CONTROL_PORT": "0",
        "INTERNAL_JOBS_KEY": INTERNAL_KEY,
    }
    return place_of(tmp_path, shop, "http://127.0.0.1:9", **settings)


def listening(pid: int) -> list[str]:
    """Return the addresses that a process listens on."""
    connections = psutil.Process(pid).net_connections("inet")
    return [each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN]


def test_nothing_listens_where_the_control_plane_is_off(place: Place) -> None:
    with place.serving() as serving:
        serving.wait_for("serve.started")
        assert listening(serving.process.pid) == []
        assert serving.stop() == 143


def test_it_listens_within_serve_on_loopback_alone_and_stops_with_it(place: Place) -> None:
    with place.serving(AEGIS_CONTROL_ENABLED="true") as serving:
        [line] = serving.wait_for("control.listening")
        serving.wait_for("serve.started")

        assert listening(serving.process.pid) == ["127.0.0.1"]
        health = httpx.get(f"http://127.0.0.1:{line['port']}/actuator/health")
        assert health.json() == {"status": "UP"}
        assert serving.stop() == 143
        assert serving.events("control.stopped")


def test_a_process_of_its_own_starts_what_serve_carries_out(place: Place) -> None:
    with place.serving(command=("control",)) as control:
        [line] = control.wait_for("control.listening")
        url = f"http://127.0.0.1:{line['port']}/scheduler/events"
        event = {"tipo": "Nothing", "id": "1"}
        key = {"X-Internal-Key": INTERNAL_KEY}

        taken = httpx.post(url, json=event, headers=key)
        with place.serving() as serving:
            serving.wait_for("serve.started")
            again = httpx.post(url, json=event, headers=key)
            assert serving.stop() == 143

        assert (taken.json()["novo"], again.json()["novo"]) == (True, False)
        assert control.stop() == 143


@pytest.mark.parametrize(("command", "protocol"), [("serve", "grpc"), ("control", "http/protobuf")])
def test_its_metrics_arrive_at_a_collector_under_the_names_that_it_answers_with(
    place: Place, collector: Collector, command: str, protocol: str
) -> None:
    exporting = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url(protocol),
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "AEGIS_CONTROL_ENABLED": "true",
        **TOKENS,
    }
    jobs = place.folder / "jobs.toml"
    jobs.write_text(
        '[[job]]\nname = "a"\nservice = "resultados"\nendpoint = "/500"\nattempts = 1\n'
    )
    with open_service(place.folder) as (_, services):
        known = {"AEGIS_SERVICES_FILE": str(services)}
        with place.serving(**known) as serving:
            serving.wait_for("serve.started")
            assert place.run("jobs", "apply", str(jobs), **known).status == 0
            assert place.run("jobs", "run", "a", **known).status == 0
            serving.wait_for("job.sent_to_dlq")
            assert serving.stop() == 143

    with place.serving(command=(command,), **exporting) as control:
        [line] = control.wait_for("control.listening")
        url = f"http://127.0.0.1:{line['port']}/scheduler/metrics"
        assert httpx.get(url).status_code == 401
        told = httpx.get(url, headers={"Authorization": f"Bearer {token('read')}"}).text
        wait_for(lambda: "scheduler_control_refused_total" in collector.log(), "an export")
        assert control.stop() == 143

    # Each export tells all of it: what came last counts.
    points = {point.name: point.values for point in collector.points(1)}
    assert set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE)) <= set(points)
    failed = points["scheduler_jobs_failed_by_priority_total"]
    assert (failed["job"], failed["priority"], failed["Value"]) == ("a", "NORMAL", "1")
    duration = points["scheduler_execution_duration"]
    assert (duration["job"], duration["Count"]) == ("a", "1")
    assert points["scheduler_control_refused_total"]["code"] == "not_authenticated"
    assert points["batch_alive_time_seconds"]["role"] == command
    assert not control.events("telemetry.defect")


def test_a_state_that_cant_be_read_costs_its_own_metrics_alone(
    place: Place, collector: Collector
) -> None:
    exporting = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url("grpc"),
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_METRIC_EXPORT_INTERVAL": "3600000",
    }
    with place.serving(command=("control",), **exporting) as control:
        control.wait_for("control.listening")
        for path in place.folder.glob("state.db*"):
            path.write_bytes(b"no database any more" * 999)
        assert control.stop() == 143

    assert {point.name for point in collector.points(1)} == {"batch_alive_time_seconds"}
    [line] = control.events("telemetry.not_read")
    assert (line["about"], line["level"]) == ("metrics", "WARNING")
    assert line["reason"].startswith("state_")


def test_who_has_shown_nothing_is_told_so_while_the_state_is_away(place: Place) -> None:
    with place.serving(command=("control",), **TOKENS) as control:
        [line] = control.wait_for("control.listening")
        for path in place.folder.glob("state.db*"):
            path.write_bytes(b"no database any more" * 999)
        url = f"http://127.0.0.1:{line['port']}/scheduler/jobs"
        refused = [
            httpx.get(url, headers={"Authorization": f"Bearer {bad}"}) for bad in ("x", "y.z.w")
        ]
        told = httpx.get(url, headers={"Authorization": f"Bearer {token()}"})
        assert len(control.wait_for("control.refusal_unaudited", count=2)) == 2
        control.wait_for("control.failed")
        assert control.stop() == 143

    assert [each.status_code for each in refused] == [401, 401]
    assert (told.status_code >= 500, told.json()["code"].startswith("state_")) == (True, True)
    for each in (*refused, told):
        assert "state.db" not in each.text


_PUBLIC_KEYS: dict[str, PublicKeyTypes] = {
    "RS256": rsa.generate_private_key(65_537, 2_048).public_key(),
    "ES256": ec.generate_private_key(ec.SECP256R1()).public_key(),
    "EdDSA": ed25519.Ed25519PrivateKey.generate().public_key(),
}


def pem(algorithm: str) -> str:
    key = _PUBLIC_KEYS[algorithm]
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("algorithm", _PUBLIC_KEYS)
def test_a_public_key_fits_its_own_algorithm_alone(algorithm: str) -> None:
    def rules(other: str) -> TokenRules:
        return TokenRules(key=pem(algorithm), algorithm=other, issuer="i", audience="a")

    TokenChecker(rules(algorithm))
    for other in {"HS256", *_PUBLIC_KEYS} - {algorithm}:
        with pytest.raises(InvalidRequest, match="no key that tokens of") as caught:
            TokenChecker(rules(other))
        assert caught.value.code == "control_key_unfit"


@pytest.mark.parametrize(
    ("algorithm", "key"), [("RS256", TOKENS["AEGIS_CONTROL_JWT_KEY"]), ("HS256", pem("RS256"))]
)
def test_a_key_that_does_not_fit_its_algorithm_is_refused(
    place: Place, algorithm: str, key: str
) -> None:
    settings = TOKENS | {"AEGIS_CONTROL_JWT_ALGORITHM": algorithm, "AEGIS_CONTROL_JWT_KEY": key}
    ended = place.run("control", **settings)
    assert (ended.status, "AEGIS_CONTROL_JWT_KEY" in ended.err) == (2, True)


def test_an_internal_key_that_is_too_short_is_refused(place: Place) -> None:
    ended = place.run("control", INTERNAL_JOBS_KEY="short")
    assert (ended.status, "INTERNAL_JOBS_KEY" in ended.err) == (2, True)


def test_it_does_not_listen_on_a_public_address(place: Place) -> None:
    ended = place.run("control", AEGIS_CONTROL_HOST="0.0.0.0")  # noqa: S104 - it is refused
    assert (ended.status, "AEGIS_CONTROL_PUBLIC_ADDRESS" in ended.err) == (2, True)


def test_a_port_that_is_taken_is_told(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = place.run("control", AEGIS_CONTROL_PORT=str(port))
    assert (ended.status, f"port {port}" in ended.err) == (2, True)


def test_a_call_that_a_kill_broke_off_is_made_again_under_the_same_key(place: Place) -> None:
    jobs = place.folder / "jobs.toml"
    jobs.write_text('[[job]]\nname = "a"\nservice = "resultados"\nendpoint = "/gate"\n')
    with open_service(place.folder) as (service, services):
        known = {"AEGIS_SERVICES_FILE": str(services)}
        with place.serving(**known) as serving:
            serving.wait_for("serve.started")
            assert place.run("jobs", "apply", str(jobs), **known).status == 0
            started = place.run("jobs", "run", "a", "--output", "json", **known)
            run_id = started.told["run"]["id"]
            wait_for(lambda: len(service.heard) == 1, "the call")
            serving.signal(signal.SIGKILL)
            serving.end()
        service.gate.set()
        with place.serving(**known) as serving:
            serving.wait_for("job.completed")
            assert serving.stop() == 143

    assert [key for *_, key in service.heard] == [run_id, run_id]
    shown = place.run("runs", "show", run_id, "--output", "json").told
    assert shown["run"]["state"] == "succeeded"
    assert [each["event"] for each in shown["timeline"]].count("job.completed") == 1
