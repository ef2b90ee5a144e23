"""deploy/compose.yaml, the surrounding for local work."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from aegis_batch.bootstrap.loading import load_settings
from tests.unit.deploy.files import DEPLOY, read_yaml

COMPOSE = read_yaml("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRET_WORD = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY", re.IGNORECASE)


def mounts() -> Iterator[tuple[str, str, str]]:
    """Return each mount's file, its place in the container, and its mode."""
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source, target, mode = mount.split(":")
            yield source, target, mode


def test_all_that_local_work_needs_is_there() -> None:
    assert set(SERVICES) == {
        "postgres",
        "backend",
        "otel-collector",
        "jaeger",
        "prometheus",
        "grafana",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_to_a_version(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag), SERVICES[name]["image"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_open_to_this_machine_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def test_no_port_of_the_machine_is_taken_twice() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    taken = [port.split(":")[1] for port in ports]
    assert len(set(taken)) == len(taken)


def test_no_secret_stands_in_it() -> None:
    for name, service in SERVICES.items():
        for variable in service.get("environment", {}):
            assert not SECRET_WORD.search(variable), f"{name}: {variable}"
        assert "env_file" not in service
        assert "secrets" not in service


def test_what_is_mounted_exists_and_stays_as_it_is() -> None:
    for source, _, mode in mounts():
        assert source.startswith("./")
        assert (DEPLOY / source).exists(), source
        assert mode == "ro", source


def test_what_a_service_waits_for_is_a_service() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", [])) <= set(SERVICES)


def test_a_file_that_a_command_names_is_mounted_there() -> None:
    targets = [target for _, target, _ in mounts()]
    (argument,) = SERVICES["otel-collector"]["command"]
    assert argument.removeprefix("--config=") in targets
    shop = (DEPLOY / "postgres" / "shop.sql").read_text(encoding="utf-8")
    (script,) = re.findall(r"^\\i (\S+)$", shop, re.MULTILINE)
    assert script in targets


def test_the_home_dashboard_is_a_mounted_one() -> None:
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    folders = {target: source for source, target, _ in mounts()}
    folder, _, name = home.rpartition("/")
    assert (DEPLOY / folders[folder] / name).is_file()


def test_the_settings_that_it_tells_to_use_are_valid() -> None:
    head = (DEPLOY / "compose.yaml").read_text(encoding="utf-8").split("\nname:")[0]
    told = dict(re.findall(r"([A-Z_]+)=(\S+)", head))

    settings = load_settings(
        {name: value for name, value in told.items() if not name.startswith("OTEL_")},
        required=("database_url", "backend_base_url", "x_service_token"),
    )

    published = [port.split(":")[1] for port in SERVICES["postgres"]["ports"]]
    assert settings.database_url is not None
    assert f"127.0.0.1:{published[0]}/" in settings.database_url.get_secret_value()
    (backend,) = SERVICES["backend"]["ports"]
    assert settings.backend_base_url == "http://" + backend.rpartition(":")[0]
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"].rpartition(":")[2] in json.dumps(
        SERVICES["otel-collector"]["ports"]
    )
