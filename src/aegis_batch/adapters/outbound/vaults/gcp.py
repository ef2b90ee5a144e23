"""Secrets out of Google's Secret Manager: the latest version of one a variable.

Credentials are found as all of Google's own tools find them.
"""

# ruff: noqa: PLC0415 - nothing of the extra is imported without need

from collections.abc import Sequence
from typing import Any

from aegis_batch.adapters.outbound.vaults.asking import (
    answers_of,
    require,
    vault_refused,
    vault_unavailable,
    wanted,
    within,
)
from aegis_batch.domain.errors import AegisError

__all__ = ["ask_gcp"]


class _Listened:
    """A client whose errors are kept: the source takes all of them for a secret that isn't set."""

    def __init__(self, client: Any, wait_seconds: float) -> None:  # noqa: ANN401 - of the extra
        self._client = client
        self._wait_seconds = wait_seconds
        self.errors: list[Exception] = []

    def secret_version_path(self, project: str, secret: str, version: str) -> str:
        return str(self._client.secret_version_path(project, secret, version))

    def access_secret_version(self, *, name: str) -> Any:  # noqa: ANN401 - of the extra
        try:
            return self._client.access_secret_version(name=name, timeout=self._wait_seconds)
        except Exception as error:
            self.errors.append(error)
            raise


def ask_gcp(
    names: Sequence[str], project: str, *, prefix: str, wait_seconds: float
) -> dict[str, str]:
    """Return the values of variables; raises ``InvalidRequest`` and ``VaultUnavailable``."""
    require("gcp", ["google.cloud.secretmanager"])
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        answered = within(wait_seconds, lambda: _ask(names, project, prefix, wait_seconds))
    except (GoogleAPIError, GoogleAuthError) as error:
        raise _told(error) from None
    return answers_of(answered, names, prefix)


def _ask(names: Sequence[str], project: str, prefix: str, wait_seconds: float) -> dict[str, object]:
    from google.api_core.exceptions import NotFound
    from google.cloud.secretmanager import SecretManagerServiceClient
    from pydantic_settings import GoogleSecretManagerSettingsSource

    client = _Listened(SecretManagerServiceClient(), wait_seconds)
    source = GoogleSecretManagerSettingsSource(
        wanted(names, prefix),
        project_id=project,
        secret_client=client,  # type: ignore[arg-type] # what the source asks of it
        case_sensitive=True,
    )
    answered = dict(source())
    for error in client.errors:
        if not isinstance(error, NotFound):
            raise error
    return answered


def _told(error: Exception) -> AegisError:
    from google.api_core import exceptions as api
    from google.auth.exceptions import TransportError

    reason = type(error).__name__
    passing = (api.ServerError, api.TooManyRequests, api.RetryError, TransportError)
    if isinstance(error, passing):
        return vault_unavailable(reason)
    return vault_refused(reason)
