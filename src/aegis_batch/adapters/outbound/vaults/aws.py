"""Secrets out of AWS Secrets Manager: JSON objects, each with the values of some variables.

Credentials and the region are found as all of AWS's own tools find them.
"""

# ruff: noqa: PLC0415 - nothing of the extra is imported without need

from collections.abc import Sequence

from aegis_batch.adapters.outbound.vaults.asking import (
    answers_of,
    require,
    secret_missing,
    vault_refused,
    vault_unavailable,
    wanted,
    within,
)
from aegis_batch.domain.errors import AegisError, InvalidRequest

__all__ = ["ask_aws"]

_SERVER_ERROR = 500
_BUSY = frozenset({"ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})
_ARN_PARTS = 7
_UNFIT = (ValueError, AttributeError, KeyError, TypeError)


def ask_aws(
    names: Sequence[str], secret_ids: Sequence[str], *, prefix: str, wait_seconds: float
) -> dict[str, str]:
    """Return the values of variables; of two secrets that have one, the first counts.

    Raises ``InvalidRequest`` and ``VaultUnavailable``.
    """
    require("aws", ["boto3"])
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answered = within(wait_seconds, lambda: _ask(names, secret_ids, prefix))
    except (BotoCoreError, ClientError) as error:
        raise _told(error) from None
    except _UNFIT:
        raise InvalidRequest(
            "vault_answer_unfit",
            "A secret of AEGIS_SECRETS_AWS_IDS is no JSON object.",
            "Keep it as key/value pairs, each key the name of a variable.",
        ) from None
    return answers_of(answered, names, prefix)


def _ask(names: Sequence[str], secret_ids: Sequence[str], prefix: str) -> dict[str, object]:
    from pydantic_settings import AWSSecretsManagerSettingsSource

    answered: dict[str, object] = {}
    for secret_id in secret_ids:
        source = AWSSecretsManagerSettingsSource(
            wanted(names, prefix), secret_id, region_name=_region_of(secret_id)
        )
        answered = {**source(), **answered}
    return answered


def _region_of(secret_id: str) -> str | None:
    """Return the region that an ARN names; else it is for AWS's own settings to say."""
    parts = secret_id.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) >= _ARN_PARTS else None


def _told(error: Exception) -> AegisError:
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "ResourceNotFoundException":
            return secret_missing("one of AEGIS_SECRETS_AWS_IDS")
        if status >= _SERVER_ERROR or code in _BUSY:
            return vault_unavailable(code)
        return vault_refused(code)
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return vault_unavailable(type(error).__name__)
    return vault_refused(type(error).__name__)
