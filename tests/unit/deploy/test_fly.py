"""fly.toml: what Fly is told to run."""

import tomllib

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.bootstrap.identity import state_location
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.services import ProgramServices
from aegis_batch.bootstrap.settings import Environment, LogFormat
from tests.unit.deploy.dockerfile import environment, read_stages
from tests.unit.deploy.files import PROJECT

FLY = tomllib.loads((PROJECT / "fly.toml").read_text(encoding="utf-8"))


def test_it_is_the_app_and_the_region_of_the_specification() -> None:
    assert FLY["app"] == "aegis-batch"
    assert FLY["primary_region"] == "fra"


def test_no_port_is_open() -> None:
    assert not {"services", "http_service", "metrics", "checks", "statics"} & FLY.keys()


def test_its_settings_are_known_and_valid_and_none_is_a_secret() -> None:
    env = FLY["env"]
    settings = load_settings(env)
    assert settings.environment is Environment.PRODUCTION
    assert settings.log_format is LogFormat.JSON
    assert unknown_variables(env) == []
    assert not {"DATABASE_URL", "BACKEND_BASE_URL", "X_SERVICE_TOKEN"} & env.keys()


def test_it_serves() -> None:
    (command,) = FLY["processes"].values()
    assert command == "serve"
    assert run([*command.split(), "--help"], ProgramServices()) == 0


def test_the_state_is_on_the_volume() -> None:
    mounts = FLY["mounts"]
    settings = load_settings(FLY["env"])
    location = state_location(settings)
    assert isinstance(location, StateLocation)
    assert location.file.is_relative_to(mounts["destination"])
    assert mounts["source"]
    assert environment(read_stages()[1])["AEGIS_STATE_URL"] == location.url


def test_whatever_ends_the_process_it_is_started_again() -> None:
    (restart,) = FLY["restart"]
    assert restart["policy"] == "always"


def test_fly_waits_for_longer_than_draining_takes() -> None:
    settings = load_settings(FLY["env"])
    timeout = FLY["kill_timeout"]
    assert FLY["kill_signal"] == "SIGTERM"
    assert float(timeout.removesuffix("s")) >= settings.drain_seconds + 30
    # What Fly allows at most.
    assert float(timeout.removesuffix("s")) <= 300


def test_a_machine_is_replaced_where_its_volume_is() -> None:
    assert FLY["deploy"]["strategy"] == "rolling"


def test_the_image_is_built_from_the_dockerfile() -> None:
    assert "build" not in FLY
    assert (PROJECT / "Dockerfile").is_file()
