"""The settings of defined jobs and of the control plane, and the file of services."""

import subprocess
import sys
from pathlib import Path

import pytest

from aegis_batch.bootstrap.control import control_of
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.services_file import read_services, service_names
from aegis_batch.bootstrap.serving_container import ServingContainer
from aegis_batch.domain.errors import InvalidRequest

_KEY = "k" * 40
_SERVICE = '[[service]]\nname = "a"\nbase_url = "https://a.example/"\n'


def refusal(**settings: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        load_settings({"AEGIS_ENVIRONMENT": "production", **settings})
    return caught.value.message


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "fd00::1"])
def test_the_control_plane_may_listen_on_loopback_and_private_addresses(host: str) -> None:
    assert load_settings({"AEGIS_CONTROL_HOST": host}).control_host == host


def test_a_public_address_is_meant_where_it_is_named_twice() -> None:
    named = {"AEGIS_CONTROL_HOST": "0.0.0.0", "AEGIS_CONTROL_PUBLIC_ADDRESS": "0.0.0.0"}  # noqa: S104 - it is meant
    assert load_settings(named).control_host == "0.0.0.0"  # noqa: S104 - the same


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"AEGIS_CONTROL_HOST": "0.0.0.0"}, "AEGIS_CONTROL_PUBLIC_ADDRESS"),  # noqa: S104 - refused
        ({"AEGIS_CONTROL_HOST": "203.0.113.7"}, "neither loopback nor private"),
        ({"AEGIS_CONTROL_HOST": "169.254.1.1"}, "neither loopback nor private"),
        ({"AEGIS_CONTROL_HOST": "localhost"}, "is no IP address"),
        ({"INTERNAL_JOBS_KEY": "fifteen letters"}, "is shorter than 16 characters"),
        ({"AEGIS_CONTROL_JWT_KEY": "short"}, "is shorter than 32 bytes"),
        ({"AEGIS_CONTROL_JWT_KEY": _KEY}, "AEGIS_CONTROL_JWT_ISSUER"),
        (
            {"AEGIS_CONTROL_JWT_KEY": _KEY, "AEGIS_CONTROL_JWT_ISSUER": "i"},
            "AEGIS_CONTROL_JWT_AUDIENCE",
        ),
        ({"AEGIS_JOBS_AT_ONCE": "11"}, "AEGIS_JOBS_POOL_SIZE"),
    ],
)
def test_settings_that_do_not_go_together_are_told(settings: dict[str, str], told: str) -> None:
    message = refusal(**settings)
    assert told in message
    assert _KEY not in message


def test_a_control_plane_that_would_let_nobody_in_is_refused(tmp_path: Path) -> None:
    settings = load_settings({"AEGIS_STATE_URL": f"sqlite:///{tmp_path}/state.db"})
    container = ServingContainer(settings=settings, environ={})
    try:
        with pytest.raises(InvalidRequest) as caught:
            control_of(container)
        assert caught.value.code == "control_without_keys"
    finally:
        container.shutdown_resources()


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aegis_batch.bootstrap.control._EXTRA", ("fastapi", "no_such_package"))
    settings = load_settings({"AEGIS_STATE_URL": f"sqlite:///{tmp_path}/state.db"})
    container = ServingContainer(settings=settings, environ={})
    try:
        with pytest.raises(InvalidRequest) as caught:
            control_of(container)
    finally:
        container.shutdown_resources()
    assert caught.value.code == "control_not_installed"
    assert "no_such_package" in caught.value.message
    assert "aegis-batch[control]" in caught.value.remedy


def test_what_serves_imports_nothing_of_the_extra() -> None:
    script = (
        "import sys; import aegis_batch.bootstrap.serving, aegis_batch.bootstrap.services;"
        "print(sorted({'fastapi', 'starlette', 'uvicorn', 'jwt'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"


def services(folder: Path, content: str, **environ: str) -> list[tuple[str, str | None]]:
    path = folder / "services.toml"
    path.write_text(content)
    found = read_services(path, environ)
    return [(each.base_url, each.credential) for each in found.values()]


def test_services_are_read_with_their_credentials(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    with_scheme = _SERVICE + 'credential = "A_TOKEN"\n'
    by_itself = with_scheme + 'scheme = ""\nheader = "X-Key"\n'

    assert services(tmp_path, _SERVICE) == [("https://a.example", None)]
    assert services(tmp_path, with_scheme, A_TOKEN="t") == [("https://a.example", "Bearer t")]
    from_file = services(tmp_path, by_itself, A_TOKEN_FILE=str(secret))
    assert from_file == [("https://a.example", "s3cret")]
    assert read_services(None, {}) == {}


def test_the_names_of_services_need_no_credentials(tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_text(_SERVICE + 'credential = "A_TOKEN"\n')
    settings = load_settings({"AEGIS_SERVICES_FILE": str(path)})
    assert service_names(settings) == {"a"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_SERVICE + _SERVICE, "service a stands there twice"),
        (_SERVICE + 'credential = "A_TOKEN"\n', "A_TOKEN is not set"),
        (_SERVICE + 'credential = "not a name"\n', "credential"),
        (_SERVICE + 'credential = "BAD"\n', "can't be carried by a header"),
        (_SERVICE + 'credential = "BOTH"\n', "BOTH is set both by itself and by BOTH_FILE"),
        ('[[service]]\nname = "a"\nbase_url = "ftp://a"\n', "base_url starts with neither"),
        (
            '[[service]]\nname = "a"\nbase_url = "http://a.example"\ncredential = "GOOD"\n',
            "would travel unprotected",
        ),
        ('[[service]]\nname = "A"\nbase_url = "https://a"\n', "service.0.name"),
        ("[[service]", "it is no TOML"),
        ("stranger = 1", "stranger"),
        ("#" * 1_100_000, "over 1 MiB"),
    ],
)
def test_a_file_of_services_that_is_unfit_is_refused(
    tmp_path: Path, content: str, told: str
) -> None:
    environ = {"BAD": "a\nb", "GOOD": "hunter2", "BOTH": "x", "BOTH_FILE": "y"}
    with pytest.raises(InvalidRequest) as caught:
        services(tmp_path, content, **environ)
    assert told in caught.value.message
    assert "hunter2" not in caught.value.message
    assert caught.value.code == "invalid_services_file"


def test_a_file_of_services_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="it can't be read"):
        read_services(tmp_path / "none.toml", {})
