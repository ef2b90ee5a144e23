"""Google's Secret Manager, at the seam of its client: real errors, and no vault."""

from types import SimpleNamespace
from typing import ClassVar

import pytest
from google.api_core import exceptions as api
from google.auth.exceptions import DefaultCredentialsError, TransportError
from google.cloud import secretmanager

from aegis_batch.adapters.outbound.vaults.gcp import ask_gcp
from aegis_batch.domain.errors import AegisError, InvalidRequest, VaultUnavailable

CANARY = "canary-47zq11"


class FakeClient:
    """A project with some secrets; one that is an error fails with it."""

    secrets: ClassVar[dict[str, str | Exception]]
    on_start: ClassVar[Exception | None]
    asked: ClassVar[list[tuple[str, float]]]

    def __init__(self) -> None:
        if self.on_start is not None:
            raise self.on_start

    def secret_version_path(self, project: str, secret: str, version: str) -> str:
        return f"projects/{project}/secrets/{secret}/versions/{version}"

    def access_secret_version(self, *, name: str, timeout: float) -> SimpleNamespace:
        self.asked.append((name, timeout))
        found = self.secrets.get(name.split("/")[3], api.NotFound(CANARY))
        if isinstance(found, Exception):
            raise found
        return SimpleNamespace(payload=SimpleNamespace(data=found.encode()))


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    """A project in the place of the real client."""

    class Fake(FakeClient):
        secrets: ClassVar[dict[str, str | Exception]] = {
            "DATABASE_URL": "postgresql://x",
            "A": CANARY,
            "books_A": "1",
        }
        on_start = None
        asked: ClassVar[list[tuple[str, float]]] = []

    monkeypatch.setattr(secretmanager, "SecretManagerServiceClient", Fake)
    return Fake


def ask(*names: str, prefix: str = "") -> dict[str, str]:
    return ask_gcp(names, "books-4711", prefix=prefix, wait_seconds=10)


def fault(*names: str) -> AegisError:
    with pytest.raises(AegisError) as caught:
        ask(*names)
    assert CANARY not in repr(caught.value.args)
    assert caught.value.__cause__ is None
    return caught.value


def test_the_latest_version_of_what_is_wanted_is_read_within_the_time(
    vault: type[FakeClient],
) -> None:
    assert ask("DATABASE_URL") == {"DATABASE_URL": "postgresql://x"}
    path = "projects/books-4711/secrets/DATABASE_URL/versions/latest"
    assert set(vault.asked) == {(path, 10)}


def test_names_may_have_a_prefix(vault: type[FakeClient]) -> None:
    assert ask("A", prefix="books_") == {"A": "1"}


def test_a_secret_that_is_not_there_is_told(vault: type[FakeClient]) -> None:
    found = fault("A", "NONE")
    assert (found.code, "secret: NONE." in found.message) == ("vault_secret_missing", True)


_ERRORS = [
    (api.PermissionDenied(CANARY), InvalidRequest, "PermissionDenied"),
    (api.Unauthenticated(CANARY), InvalidRequest, "Unauthenticated"),
    (api.FailedPrecondition(CANARY), InvalidRequest, "FailedPrecondition"),
    (DefaultCredentialsError(CANARY), InvalidRequest, "DefaultCredentialsError"),
    (api.ServiceUnavailable(CANARY), VaultUnavailable, "ServiceUnavailable"),
    (api.DeadlineExceeded(CANARY), VaultUnavailable, "DeadlineExceeded"),
    (api.ResourceExhausted(CANARY), VaultUnavailable, "ResourceExhausted"),
    (api.RetryError(CANARY, None), VaultUnavailable, "RetryError"),
    (TransportError(CANARY), VaultUnavailable, "TransportError"),
]


@pytest.mark.parametrize("where", ["at the start", "in the middle"])
@pytest.mark.parametrize(("error", "kind", "told"), _ERRORS)
def test_a_refusal_and_an_outage_are_told_apart(
    vault: type[FakeClient], where: str, error: Exception, kind: type[AegisError], told: str
) -> None:
    if where == "at the start":
        vault.on_start = error
    else:
        vault.secrets["B"] = error
    found = fault("A", "B")
    assert type(found) is kind
    assert told in found.message
