"""fly.toml: what Fly is told to run."""

import tomllib

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.services import ProgramServices
from aegis_batch.bootstrap.settings import Environment, LogFormat
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


def test_what_it_runs_is_a_command_of_the_program() -> None:
    (command,) = FLY["processes"].values()
    assert run([*command.split(), "--help"], ProgramServices()) == 0


def test_a_close_that_failed_is_left_to_the_next_hour() -> None:
    (restart,) = FLY["restart"]
    assert restart["policy"] == "never"


def test_a_deployment_does_not_wait_for_a_close_to_stay_up() -> None:
    assert FLY["deploy"]["strategy"] == "immediate"


def test_the_image_is_built_from_the_dockerfile() -> None:
    assert "build" not in FLY
    assert (PROJECT / "Dockerfile").is_file()
