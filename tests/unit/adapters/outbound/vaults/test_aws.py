"""AWS Secrets Manager, as moto stands in for it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from aegis_batch.adapters.outbound.vaults.aws import ask_aws
from aegis_batch.domain.errors import AegisError, InvalidRequest, VaultUnavailable

CANARY = "canary-47zq11"


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account that has no secret yet."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    with mock_aws():
        yield boto3.client("secretsmanager")


def keep(vault: Any, name: str, **secrets: object) -> str:  # noqa: ANN401 - boto3 has no types
    """Keep a secret, and return its ARN."""
    arn: str = vault.create_secret(Name=name, SecretString=json.dumps(secrets))["ARN"]
    return arn


def ask(*names: str, ids: tuple[str, ...] = ("prod/books",), prefix: str = "") -> dict[str, str]:
    return ask_aws(names, ids, prefix=prefix, wait_seconds=10)


def fault(*names: str, ids: tuple[str, ...] = ("prod/books",)) -> AegisError:
    with pytest.raises(AegisError) as caught:
        ask(*names, ids=ids)
    assert CANARY not in repr(caught.value.args)
    assert caught.value.__cause__ is None
    return caught.value


def test_what_is_asked_for_is_answered_and_nothing_else(vault: Any) -> None:  # noqa: ANN401 - the same
    keep(vault, "prod/books", DATABASE_URL="postgresql://x", X_SERVICE_TOKEN="t\n", OTHER="o")
    assert ask("X_SERVICE_TOKEN", "DATABASE_URL") == {
        "X_SERVICE_TOKEN": "t",
        "DATABASE_URL": "postgresql://x",
    }


def test_of_two_secrets_the_first_counts_and_an_arn_names_its_region(
    vault: Any,  # noqa: ANN401 - the same
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = keep(vault, "own", A="own")
    shared = keep(vault, "shared", A="shared", B="shared")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert ask("A", "B", ids=(own, shared)) == {"A": "own", "B": "shared"}


def test_names_may_have_a_prefix(vault: Any) -> None:  # noqa: ANN401 - the same
    keep(vault, "prod/books", books_A="1", A="2")
    assert ask("A", prefix="books_") == {"A": "1"}


def test_a_secret_that_is_not_there_is_told(vault: Any) -> None:  # noqa: ANN401 - the same
    found = fault("A")
    assert (found.code, "AEGIS_SECRETS_AWS_IDS" in found.message) == ("vault_secret_missing", True)
    keep(vault, "prod/books", A=CANARY)
    found = fault("A", "B", "C")
    assert (found.code, "secret: B, C." in found.message) == ("vault_secret_missing", True)


@pytest.mark.parametrize("text", [CANARY, f'["{CANARY}"]', f'{{"A": ["{CANARY}"]}}', '{"A": 5}'])
def test_what_is_no_object_of_texts_is_told(vault: Any, text: str) -> None:  # noqa: ANN401 - the same
    vault.create_secret(Name="prod/books", SecretString=text)
    assert fault("A").code == "vault_answer_unfit"


def test_bytes_and_too_long_a_text_are_told(vault: Any) -> None:  # noqa: ANN401 - the same
    vault.create_secret(Name="prod/books", SecretBinary=b"bytes")
    assert fault("A").code == "vault_answer_unfit"
    keep(vault, "long", A="x" * 65_000)
    assert ask("A", ids=("long",))["A"] == "x" * 65_000


def test_without_a_region_it_says_so(vault: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - the same
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    found = fault("A")
    assert (found.code, "NoRegionError" in found.message) == ("vault_refused", True)


def _answer(code: str, status: int) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": CANARY},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "GetSecretValue",
    )


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (_answer("AccessDeniedException", 400), InvalidRequest, "AccessDeniedException"),
        (_answer("UnrecognizedClientException", 400), InvalidRequest, "UnrecognizedClient"),
        (_answer("x\x1b[2J" + "y" * 500, 400), InvalidRequest, "x\\x1b[2J"),
        (_answer("ThrottlingException", 400), VaultUnavailable, "ThrottlingException"),
        (_answer("InternalServiceError", 500), VaultUnavailable, "InternalServiceError"),
        (NoCredentialsError(), InvalidRequest, "NoCredentialsError"),
        (EndpointConnectionError(endpoint_url=CANARY), VaultUnavailable, "EndpointConnection"),
    ],
)
def test_a_refusal_and_an_outage_are_told_apart(
    vault: Any,  # noqa: ANN401 - the same
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[AegisError],
    told: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", fail)
    found = fault("A")
    assert type(found) is kind
    assert told in found.message
    assert len(found.message) < 200
