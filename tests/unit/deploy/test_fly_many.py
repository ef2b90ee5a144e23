"""deploy/fly/fly.many.toml: what Fly is told to run on several machines."""

import re
import tomllib
from typing import Any

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.outbound.state.location import ServerLocation
from aegis_batch.bootstrap.identity import state_location
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.services import ProgramServices
from tests.unit.deploy.dockerfile import environment, read_stages
from tests.unit.deploy.files import DEPLOY, PROJECT
from tests.unit.docs.pages import read_page

TEXT = (DEPLOY / "fly" / "fly.many.toml").read_text(encoding="utf-8")
MANY: dict[str, Any] = tomllib.loads(TEXT)
ONE: dict[str, Any] = tomllib.loads((PROJECT / "fly.toml").read_text(encoding="utf-8"))
SECRETS = {
    "DATABASE_URL": "postgresql://reader:pw@orders.example.com/shop",
    "BACKEND_BASE_URL": "https://backend.example.com",
    "X_SERVICE_TOKEN": "token",
    "AEGIS_STATE_URL": "postgresql://aegis:pw@state.example.com/aegis_state",
}
# On a machine secrets stand before [env], and that before what the image sets.
VARIABLES = environment(read_stages()[-1]) | MANY["env"] | SECRETS


@pytest.mark.parametrize("key", ["app", "primary_region", "kill_signal", "kill_timeout", "restart"])
def test_it_is_the_same_app_as_that_of_one_machine(key: str) -> None:
    assert MANY[key] == ONE[key]


def test_what_both_set_they_set_alike_but_where_the_state_is_and_what_is_logged() -> None:
    both = (MANY["env"].keys() & ONE["env"].keys()) - {"AEGIS_LOG_LEVEL"}
    assert {name: MANY["env"][name] for name in both} == {name: ONE["env"][name] for name in both}
    assert ONE["env"].keys() - MANY["env"].keys() == {"AEGIS_STATE_URL"}


def test_no_port_is_open_and_no_machine_has_a_disk_of_its_own() -> None:
    closed = {"services", "http_service", "metrics", "checks", "statics", "mounts", "build"}
    assert not closed & MANY.keys()


@pytest.mark.parametrize(
    "command", [*MANY["processes"].values(), MANY["deploy"]["release_command"]]
)
def test_a_command_is_one_that_the_program_has(command: str) -> None:
    assert run([*command.split(), "--help"], ProgramServices()) == 0


def test_scheduler_and_worker_are_groups_of_their_own_each_with_its_machine() -> None:
    groups = {"scheduler": "scheduler", "worker": "worker"}
    assert MANY["processes"] == groups
    assert sorted(name for vm in MANY["vm"] for name in vm["processes"]) == sorted(groups)


def test_its_settings_are_known_and_valid_and_none_is_a_secret() -> None:
    settings = load_settings(VARIABLES)
    assert unknown_variables(VARIABLES) == []
    assert settings.has_several_tenants
    assert not SECRETS.keys() & MANY["env"].keys()
    assert isinstance(state_location(settings), ServerLocation)


def test_the_schema_is_moved_once_and_before_anything_is_replaced() -> None:
    assert MANY["deploy"]["release_command"] == "state migrate"
    assert not load_settings(VARIABLES).state_migrate


def test_machines_are_replaced_one_at_a_time_each_with_time_to_drain() -> None:
    settings = load_settings(VARIABLES)
    assert MANY["deploy"]["strategy"] == "rolling"
    assert MANY["deploy"]["max_unavailable"] == 1
    assert 300 >= float(MANY["kill_timeout"].removesuffix("s")) >= settings.drain_seconds + 30


def test_a_machine_has_the_memory_that_was_measured() -> None:
    (measured,) = re.findall(
        r"^\| at rest, after the night \|(?:[^|]*\|){2} (\d+) \|",
        read_page("bench/resting.md"),
        re.MULTILINE,
    )
    for vm in MANY["vm"]:
        assert int(vm["memory"].removesuffix("mb")) >= 2 * int(measured)


def test_all_workers_together_may_do_what_each_of_them_may() -> None:
    settings = load_settings(VARIABLES)
    (workers,) = re.findall(r"fly scale count scheduler=2 worker=(\d+)", TEXT)
    assert settings.concurrency_max == int(workers) * settings.worker_concurrency


def test_the_page_gives_the_same_commands() -> None:
    page = read_page("docs/fly-and-neon.md")
    commands = re.findall(r"^#   (fly .+)$", TEXT, re.MULTILINE)
    assert len(commands) == 2
    assert [command for command in commands if command not in page] == []
    told = re.findall(r"^(AEGIS_STATE_URL=.*)$", page, re.MULTILINE)
    assert told
