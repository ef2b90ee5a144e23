"""Secrets out of Azure Key Vault: one a variable, with hyphens in place of underscores.

Credentials are found as all of Azure's own tools find them.
"""

# ruff: noqa: PLC0415 - nothing of the extra is imported without need

from collections.abc import Sequence

from aegis_batch.adapters.outbound.vaults.asking import (
    answers_of,
    innermost,
    require,
    secret_missing,
    vault_refused,
    vault_unavailable,
    wanted,
    within,
)
from aegis_batch.domain.errors import AegisError

__all__ = ["ask_azure"]

_NOT_FOUND = 404
_BUSY = 429
_SERVER_ERROR = 500


def ask_azure(
    names: Sequence[str], vault_url: str, *, prefix: str, wait_seconds: float
) -> dict[str, str]:
    """Return the values of variables; raises ``InvalidRequest`` and ``VaultUnavailable``."""
    require("azure", ["azure.identity", "azure.keyvault.secrets"])
    from azure.core.exceptions import AzureError
    from pydantic_settings import SettingsError

    try:
        answered = within(wait_seconds, lambda: _ask(names, vault_url, prefix))
    except (AzureError, SettingsError) as error:
        raise _told(error) from None
    return answers_of(answered, names, prefix)


def _ask(names: Sequence[str], vault_url: str, prefix: str) -> dict[str, object]:
    from azure.identity import DefaultAzureCredential
    from pydantic_settings import AzureKeyVaultSettingsSource

    source = AzureKeyVaultSettingsSource(
        wanted(names, prefix), vault_url, DefaultAzureCredential(), dash_to_underscore=True
    )
    return dict(source())


def _told(error: Exception) -> AegisError:
    from azure.core.exceptions import (
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    cause = innermost(error)
    status = getattr(cause, "status_code", None)
    reason = f"{type(cause).__name__}, status {status}" if status else type(cause).__name__
    if isinstance(cause, ServiceRequestError | ServiceResponseError):
        return vault_unavailable(reason)
    if isinstance(cause, HttpResponseError) and isinstance(status, int):
        if status >= _SERVER_ERROR or status == _BUSY:
            return vault_unavailable(reason)
        if status == _NOT_FOUND:
            return secret_missing("it was taken away meanwhile")
    return vault_refused(reason)
