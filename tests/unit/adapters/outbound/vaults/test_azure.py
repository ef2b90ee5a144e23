"""Azure Key Vault, at the seam of its client: real errors, and no vault."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import ClassVar

import azure.identity
import azure.keyvault.secrets
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)

from aegis_batch.adapters.outbound.vaults.azure import ask_azure
from aegis_batch.domain.errors import AegisError, InvalidRequest, VaultUnavailable

CANARY = "canary-47zq11"
URL = "https://books.vault.azure.net"


class FakeClient:
    """A vault with some secrets, which may fail, when it lists them or when it tells one."""

    secrets: ClassVar[dict[str, str]]
    disabled: ClassVar[frozenset[str]]
    on_list: ClassVar[Exception | None]
    on_get: ClassVar[Exception | None]
    asked: ClassVar[list[str]]

    def __init__(self, *, vault_url: str, credential: object) -> None:
        self.asked.append(f"{vault_url} as {credential}")

    def list_properties_of_secrets(self) -> Iterator[SimpleNamespace]:
        if self.on_list is not None:
            raise self.on_list
        for name in self.secrets:
            yield SimpleNamespace(name=name, enabled=name not in self.disabled)

    def get_secret(self, name: str) -> SimpleNamespace:
        if self.on_get is not None:
            raise self.on_get
        self.asked.append(name)
        return SimpleNamespace(value=self.secrets[name])


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    """A vault in the place of the real client."""

    class Fake(FakeClient):
        secrets: ClassVar = {
            "DATABASE-URL": "postgresql://x",
            "A": CANARY,
            "books-A": "1",
            "OLD": "o",
        }
        disabled = frozenset({"OLD"})
        on_list = None
        on_get = None
        asked: ClassVar[list[str]] = []

    monkeypatch.setattr(azure.keyvault.secrets, "SecretClient", Fake)
    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", lambda: "this machine")
    return Fake


def ask(*names: str, prefix: str = "") -> dict[str, str]:
    return ask_azure(names, URL, prefix=prefix, wait_seconds=10)


def fault(*names: str) -> AegisError:
    with pytest.raises(AegisError) as caught:
        ask(*names)
    assert CANARY not in repr(caught.value.args)
    assert caught.value.__cause__ is None
    return caught.value


def test_names_have_hyphens_there_and_only_what_is_wanted_is_read(vault: type[FakeClient]) -> None:
    assert ask("DATABASE_URL") == {"DATABASE_URL": "postgresql://x"}
    assert vault.asked == [f"{URL} as this machine", "DATABASE-URL"]


def test_names_may_have_a_prefix(vault: type[FakeClient]) -> None:
    assert ask("A", prefix="books-") == {"A": "1"}


def test_a_secret_that_is_not_there_or_turned_off_is_told(vault: type[FakeClient]) -> None:
    found = fault("A", "OLD", "NONE")
    assert (found.code, "secret: OLD, NONE." in found.message) == ("vault_secret_missing", True)


def _answer(status: int, kind: type[HttpResponseError] = HttpResponseError) -> HttpResponseError:
    error = kind(message=f"no {CANARY}")
    error.status_code = status
    return error


@pytest.mark.parametrize("place", ["on_list", "on_get"])
@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (_answer(403), InvalidRequest, "HttpResponseError, status 403"),
        (_answer(401, ClientAuthenticationError), InvalidRequest, "ClientAuthenticationError"),
        (ClientAuthenticationError(message=CANARY), InvalidRequest, "ClientAuthenticationError"),
        (_answer(404, ResourceNotFoundError), InvalidRequest, "no such secret"),
        (_answer(429), VaultUnavailable, "status 429"),
        (_answer(503), VaultUnavailable, "status 503"),
        (ServiceRequestError(CANARY), VaultUnavailable, "ServiceRequestError"),
    ],
)
def test_a_refusal_and_an_outage_are_told_apart(
    vault: type[FakeClient], place: str, error: Exception, kind: type[AegisError], told: str
) -> None:
    setattr(vault, place, error)
    found = fault("A")
    assert type(found) is kind
    assert told in found.message
