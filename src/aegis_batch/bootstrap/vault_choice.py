"""Asks the vault of the settings for secrets, where there is one."""

# ruff: noqa: PLC0415 - few have a vault

from collections.abc import Sequence

from aegis_batch.bootstrap.vault_settings import Vault, VaultSettings

__all__ = ["secrets_of"]


def secrets_of(settings: VaultSettings, names: Sequence[str]) -> dict[str, str]:
    """Return the values of those of some variables that the settings' vault has.

    Without a vault, or where it has none of them, nobody is asked. Raises ``InvalidRequest`` and
    ``VaultUnavailable``.
    """
    vault = settings.secrets_from
    asked = [name for name in settings.secrets_names if name in names]
    if vault is None or not asked:
        return {}
    prefix, wait_seconds = settings.secrets_prefix, settings.secrets_wait_seconds
    if vault is Vault.AWS:
        from aegis_batch.adapters.outbound.vaults.aws import ask_aws

        ids = settings.secrets_aws_ids
        return ask_aws(asked, ids, prefix=prefix, wait_seconds=wait_seconds)
    if vault is Vault.AZURE:
        from aegis_batch.adapters.outbound.vaults.azure import ask_azure

        url = settings.secrets_azure_url or ""
        return ask_azure(asked, url, prefix=prefix, wait_seconds=wait_seconds)
    from aegis_batch.adapters.outbound.vaults.gcp import ask_gcp

    project = settings.secrets_gcp_project or ""
    return ask_gcp(asked, project, prefix=prefix, wait_seconds=wait_seconds)
