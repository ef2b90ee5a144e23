"""The settings of a vault, what comes before it, and what becomes of its answers."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.vaults import aws, azure, gcp
from aegis_batch.bootstrap.loading import examine_settings, load_settings
from aegis_batch.bootstrap.services_file import build_service_caller
from aegis_batch.bootstrap.settings import secret_variables
from aegis_batch.domain.errors import InvalidRequest, VaultUnavailable

CANARY = "canary-47zq11-of-keys"
_VALUES = {
    "DATABASE_URL": f"postgresql://reader:{CANARY}@db.example/shop",
    "AEGIS_REPORTS_URL": f"postgresql://writer:{CANARY}@db.example/reports",
    "AEGIS_STATE_URL": f"postgresql://keeper:{CANARY}@db.example/state",
    "AEGIS_EVENTS_URL": f"postgresql://events:{CANARY}@db.example/events",
    "X_SERVICE_TOKEN": CANARY,
    "INTERNAL_JOBS_KEY": CANARY,
    "AEGIS_CONTROL_JWT_KEY": CANARY * 3,
    "AEGIS_NOTIFY_URL": f"https://hooks.example/{CANARY}",
    "AEGIS_HEARTBEAT_URL": f"https://ping.example/{CANARY}",
    "A_TOKEN": CANARY,
}
AWS = {
    "AEGIS_ENVIRONMENT": "production",
    "AEGIS_SECRETS_FROM": "aws",
    "AEGIS_SECRETS_AWS_IDS": "prod/books, shared",
    "AEGIS_SECRETS_NAMES": "X_SERVICE_TOKEN",
}


class Vault:
    """A vault that remembers what it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[list[str], object, str, float]] = []
        self._error = error

    def __call__(
        self, names: Sequence[str], where: object, *, prefix: str, wait_seconds: float
    ) -> dict[str, str]:
        self.asked.append((list(names), where, prefix, wait_seconds))
        if self._error is not None:
            raise self._error
        return {name: _VALUES[name] for name in names}


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    """The same vault in the place of all three."""
    fake = Vault()
    monkeypatch.setattr(aws, "ask_aws", fake)
    monkeypatch.setattr(azure, "ask_azure", fake)
    monkeypatch.setattr(gcp, "ask_gcp", fake)
    return fake


def test_every_secret_of_the_settings_can_come_from_a_vault(vault: Vault) -> None:
    names = sorted(secret_variables())
    needed = {
        "AEGIS_REPORT_GATEWAY": "sql",
        "AEGIS_CONTROL_JWT_ISSUER": "i",
        "AEGIS_CONTROL_JWT_AUDIENCE": "a",
    }
    settings = load_settings({**AWS, **needed, "AEGIS_SECRETS_NAMES": ",".join(names)})

    assert set(names) == set(_VALUES) - {"A_TOKEN"}
    for name in names:
        field = name.removeprefix("AEGIS_").lower()
        assert getattr(settings, field).get_secret_value() == _VALUES[name]
    assert sorted(vault.asked[0][0]) == names
    assert CANARY not in repr(settings)


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, ("prod/books", "shared")),
        (
            {
                "AEGIS_SECRETS_FROM": "azure",
                "AEGIS_SECRETS_AZURE_URL": "https://books.vault.azure.net",
            },
            "https://books.vault.azure.net",
        ),
        ({"AEGIS_SECRETS_FROM": "gcp", "AEGIS_SECRETS_GCP_PROJECT": "books-4711"}, "books-4711"),
    ],
)
def test_each_vault_is_asked_with_what_it_needs(
    vault: Vault, settings: dict[str, str], asked: object
) -> None:
    more = {"AEGIS_SECRETS_PREFIX": "books-", "AEGIS_SECRETS_WAIT_SECONDS": "7"}
    found = load_settings({**AWS, **settings, **more}, required=["x_service_token"])

    assert found.x_service_token is not None
    assert vault.asked == [(["X_SERVICE_TOKEN"], asked, "books-", 7)]


def test_the_environment_and_files_come_first(vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from a file of keys\n")
    settings = load_settings(
        {
            **AWS,
            "AEGIS_SECRETS_NAMES": "X_SERVICE_TOKEN,INTERNAL_JOBS_KEY,DATABASE_URL",
            "X_SERVICE_TOKEN": "from the environment",
            "INTERNAL_JOBS_KEY_FILE": str(file),
            "DATABASE_URL": "",
        }
    )
    assert [names for names, *_ in vault.asked] == [["DATABASE_URL"]]
    assert settings.x_service_token is not None
    assert settings.x_service_token.get_secret_value() == "from the environment"
    assert settings.internal_jobs_key is not None
    assert settings.internal_jobs_key.get_secret_value() == "from a file of keys"


def test_nobody_is_asked_without_need(vault: Vault) -> None:
    load_settings({**AWS, "X_SERVICE_TOKEN": "t"})
    load_settings({**AWS, "AEGIS_SECRETS_FROM": ""})
    examine_settings(AWS, only=("timezone",))
    assert vault.asked == []


def test_only_what_a_command_needs_is_asked_for(vault: Vault) -> None:
    needs = {
        "AEGIS_SECRETS_NAMES": "X_SERVICE_TOKEN,AEGIS_STATE_URL,AEGIS_REPORTS_URL",
        # It would be a fault, were it not in the vault.
        "AEGIS_REPORT_GATEWAY": "sql",
    }
    settings = load_settings({**AWS, **needs}, from_vault=("state_url",))

    assert [names for names, *_ in vault.asked] == [["AEGIS_STATE_URL"]]
    assert settings.state_url is not None
    assert (settings.reports_url, settings.x_service_token) == (None, None)
    load_settings({**AWS, **needs, "AEGIS_STATE_URL": "sqlite:///x"}, from_vault=("state_url",))
    assert len(vault.asked) == 1


def test_what_a_vault_did_not_tell_is_no_fault_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = VaultUnavailable("vault_unavailable", "It hangs.", "Wait.")
    monkeypatch.setattr(aws, "ask_aws", Vault(error))
    sql = {"AEGIS_REPORT_GATEWAY": "sql", "AEGIS_SECRETS_NAMES": "AEGIS_REPORTS_URL"}
    with pytest.raises(VaultUnavailable):
        load_settings({**AWS, **sql})


def test_an_env_file_may_name_the_vault(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{name}={value}" for name, value in AWS.items() if name != "AEGIS_ENVIRONMENT"]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert load_settings({}).x_service_token is not None
    assert len(vault.asked) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"AEGIS_SECRETS_FROM": "vault"}, "AEGIS_SECRETS_FROM: "),
        ({"AEGIS_SECRETS_NAMES": ""}, "AEGIS_SECRETS_NAMES: is not set, but"),
        ({"AEGIS_SECRETS_AWS_IDS": ""}, "AEGIS_SECRETS_AWS_IDS: is not set, but"),
        ({"AEGIS_SECRETS_FROM": "azure"}, "AEGIS_SECRETS_AZURE_URL: is not set, but"),
        ({"AEGIS_SECRETS_FROM": "gcp"}, "AEGIS_SECRETS_GCP_PROJECT: is not set, but"),
        ({"AEGIS_SECRETS_AZURE_URL": "http://books.vault"}, "is no address of a vault"),
        ({"AEGIS_SECRETS_AZURE_URL": "https://[x"}, "is no address of a vault"),
        ({"AEGIS_SECRETS_AZURE_URL": f"https://u:{CANARY}@b"}, "is no address of a vault"),
        ({"AEGIS_SECRETS_GCP_PROJECT": "a/b"}, "is no id of a project"),
        ({"AEGIS_SECRETS_PREFIX": "a b"}, "must be up to 100 letters"),
        ({"AEGIS_SECRETS_AWS_IDS": ",".join("abcdefghijklmnopqrstu")}, "20 names or ARNs"),
        ({"AEGIS_SECRETS_NAMES": "database-url"}, "must be names of variables"),
        ({"AEGIS_SECRETS_NAMES": ",".join(f"A{n}" for n in range(101))}, "more than 100"),
        ({"AEGIS_SECRETS_NAMES": "BACKEND_BASE_URL"}, "BACKEND_BASE_URL, which is no secret"),
        ({"AEGIS_SECRETS_NAMES": "AEGIS_SECRETS_FROM"}, "AEGIS_SECRETS_FROM, which is no secret"),
        ({"AEGIS_SECRETS_NAMES": "AEGIS_TOKEN"}, "AEGIS_TOKEN, which is no setting"),
        (
            {"AEGIS_SECRETS_NAMES": "OTEL_EXPORTER_OTLP_HEADERS"},
            "which only the environment can set",
        ),
        ({"AEGIS_SECRETS_WAIT_SECONDS": "0"}, "must be greater than 0"),
    ],
)
def test_settings_of_a_vault_that_are_unfit_are_told_and_it_is_not_asked(
    vault: Vault, settings: dict[str, str], told: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        load_settings({**AWS, **settings})
    assert told in caught.value.message
    assert CANARY not in caught.value.message
    assert vault.asked == []


@pytest.mark.parametrize(
    "error",
    [
        VaultUnavailable("vault_unavailable", "It hangs.", "Wait."),
        InvalidRequest("vault_refused", "It refuses.", "Ask."),
    ],
)
def test_a_vault_that_gives_nothing_is_the_error_where_nothing_else_is_wrong(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(aws, "ask_aws", Vault(error))

    with pytest.raises(type(error)) as caught:
        load_settings(AWS, required=["x_service_token"])
    assert caught.value is error

    with pytest.raises(InvalidRequest) as listed:
        load_settings({**AWS, "AEGIS_TOP_ITEMS": "x"}, required=["x_service_token"])
    assert "have 2 faults" in listed.value.message
    assert "X_SERVICE_TOKEN: is not set" not in listed.value.message

    examined = examine_settings(AWS)
    assert [variable for variable, _ in examined.faults] == ["AEGIS_SECRETS_FROM"]
    assert "X_SERVICE_TOKEN" in examined.doubtful


def test_what_a_vault_tells_is_checked_like_all_else(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(_VALUES, "DATABASE_URL", f"mysql://{CANARY}")
    with pytest.raises(InvalidRequest) as caught:
        load_settings({**AWS, "AEGIS_SECRETS_NAMES": "DATABASE_URL"})
    assert "DATABASE_URL: " in caught.value.message
    assert CANARY not in caught.value.message


def test_credentials_of_services_come_from_a_vault_too(vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text(
        '[[service]]\nname = "a"\nbase_url = "https://a.example"\ncredential = "A_TOKEN"\n'
        '[[service]]\nname = "b"\nbase_url = "https://b.example"\ncredential = "B_TOKEN"\n'
    )
    settings = load_settings(
        {**AWS, "AEGIS_SERVICES_FILE": str(file), "AEGIS_SECRETS_NAMES": "A_TOKEN"}
    )
    assert vault.asked == []
    assert CANARY not in repr(build_service_caller(settings, {"B_TOKEN": "b"}))
    assert [names for names, *_ in vault.asked] == [["A_TOKEN"]]
    with pytest.raises(InvalidRequest, match="B_TOKEN is not set"):
        build_service_caller(settings, {})


def test_nothing_of_a_vault_is_imported_unless_one_is_asked() -> None:
    script = (
        "import sys; import aegis_batch.bootstrap.serving, aegis_batch.bootstrap.services;"
        "from aegis_batch.bootstrap.loading import load_settings; load_settings({});"
        "print(sorted({'pydantic_settings', 'boto3', 'botocore', 'azure.identity',"
        " 'google.cloud.secretmanager', 'aegis_batch.adapters.outbound.vaults.aws'}"
        " & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
