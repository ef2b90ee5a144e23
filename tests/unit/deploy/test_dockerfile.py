"""The Dockerfile, as far as it can be looked at without building the image."""

import re

import pytest

from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.settings import Environment
from tests.unit.deploy.dockerfile import Stage, build_context, environment, read_stages
from tests.unit.deploy.files import PROJECT

BUILD, FINAL = read_stages()
CONTEXT = build_context()


def copied_from_the_project(stage: Stage) -> list[str]:
    """Return what a stage copies out of the build's context."""
    return [
        source
        for step in stage.all_of("COPY")
        if "from" not in step.flags
        for source in step.words[:-1]
    ]


def test_both_stages_stand_on_the_same_pinned_slim_python() -> None:
    assert BUILD.base == FINAL.base
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim(-\w+)?", FINAL.base)


def test_its_python_is_one_that_the_project_supports() -> None:
    minor = re.findall(r"python:(3\.\d+)\.", FINAL.base)[0]
    project = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"Programming Language :: Python :: {minor}"' in project


@pytest.mark.parametrize("source", copied_from_the_project(BUILD))
def test_what_is_copied_exists_and_is_not_ignored(source: str) -> None:
    path = PROJECT / source
    assert path.exists()
    if path.is_dir():
        wanted = {str(file.relative_to(PROJECT)) for file in path.rglob("*.py")}
        assert wanted <= CONTEXT
    else:
        assert source in CONTEXT


def test_the_build_sees_nothing_else() -> None:
    copied = copied_from_the_project(BUILD)
    seen = {path for path in CONTEXT if (PROJECT / path).is_file()}
    strangers = {
        path
        for path in seen
        if not path.startswith("requirements/") and not any(path.startswith(c) for c in copied)
    }
    assert strangers == set()
    assert not any("__pycache__" in path or ".env" in path for path in seen)


@pytest.mark.parametrize("name", [".env", "src/.env", "src/aegis_batch/.env.local", ".git/HEAD"])
def test_a_secret_beside_the_source_never_gets_in(name: str) -> None:
    from docker.utils.build import PatternMatcher  # noqa: PLC0415 - for these names alone

    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    matcher = PatternMatcher([line for line in lines if line and not line.startswith("#")])
    assert matcher.matches(name)


def test_the_final_stage_takes_only_the_environment_and_an_empty_folder_from_the_build() -> None:
    assert copied_from_the_project(FINAL) == []
    environment_step, folder_step = FINAL.all_of("COPY")
    assert environment_step.flags == {"from": BUILD.name}
    assert environment_step.words == ["/opt/aegis", "/opt/aegis"]
    assert folder_step.flags == {"from": BUILD.name, "chown": FINAL.the("USER").value}
    assert folder_step.words == ["/build/data", "/data"]
    assert "mkdir data" in [step.value for step in BUILD.all_of("RUN")]


def test_the_state_is_in_the_folder_that_belongs_to_the_user() -> None:
    settings = load_settings(environment(FINAL))
    assert settings.state_url is not None
    assert settings.state_url.get_secret_value() == "sqlite:////data/state.db"


def test_the_final_stage_installs_nothing_and_loses_its_installers() -> None:
    step = FINAL.the("RUN")
    assert " uninstall " in step.value
    assert {"pip", "setuptools", "wheel"} <= set(step.words)
    for tool in ("apt", "gcc", " install ", "curl", "wget"):
        assert tool not in step.value


def test_everything_from_the_registry_is_checked_by_its_hash_and_never_compiled() -> None:
    installs = [step.value for step in BUILD.all_of("RUN") if " install " in step.value]
    assert len(installs) == 3
    for command in installs:
        checked = "--require-hashes" in command and "--only-binary :all:" in command
        assert checked or "--no-index" in command


def test_the_user_is_a_number_that_is_not_root() -> None:
    user, _, group = FINAL.the("USER").value.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    order = [step.instruction for step in FINAL.steps]
    assert "RUN" not in order[order.index("USER") :]


def test_it_serves_unless_told_otherwise() -> None:
    assert FINAL.the("ENTRYPOINT").command == ["aegis-batch"]
    assert FINAL.the("CMD").command == ["serve"]


def test_it_reads_no_env_file_and_writes_no_bytecode() -> None:
    variables = environment(FINAL)
    assert variables["PYTHONDONTWRITEBYTECODE"] == "1"
    assert load_settings(variables).environment is Environment.PRODUCTION


def test_no_secret_is_part_of_the_image() -> None:
    for stage in (BUILD, FINAL):
        assert stage.all_of("ARG") == []
        assert not {"DATABASE_URL", "BACKEND_BASE_URL", "X_SERVICE_TOKEN"} & set(environment(stage))


def test_nothing_is_served() -> None:
    for stage in (BUILD, FINAL):
        assert stage.all_of("EXPOSE") == []
        assert stage.all_of("VOLUME") == []
