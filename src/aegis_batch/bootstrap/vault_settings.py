"""The settings of a vault that secrets come from."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from aegis_batch.bootstrap.control_settings import ControlSettings
from aegis_batch.bootstrap.setting_types import CommaSeparated

__all__ = ["VAULT_FIELDS", "Vault", "VaultSettings", "faults_of_vault"]

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_NAMES_MAX = 100
_IDS_MAX = 20
_PREFIX = re.compile(r"[A-Za-z0-9_-]{0,100}")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]{0,99}")


class Vault(StrEnum):
    """Whose vault it is."""

    AWS = "aws"
    AZURE = "azure"
    GCP = "gcp"


def _names(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_VARIABLE.fullmatch(name) for name in value):
        raise ValueError("must be names of variables, separated by commas, as in DATABASE_URL")
    if len(value) > _NAMES_MAX:
        raise ValueError(f"has more than {_NAMES_MAX} names")
    return tuple(dict.fromkeys(value))


def _ids(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) > _IDS_MAX or any(len(each) > 2_048 or not each.isprintable() for each in value):  # noqa: PLR2004 - AWS's own bound
        raise ValueError(f"must be {_IDS_MAX} names or ARNs of secrets at most")
    return value


def _vault_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_fit = parts.scheme == "https" and parts.hostname and parts.username is None
    except ValueError:
        is_fit = False
    if not is_fit:
        raise ValueError("is no address of a vault; write one such as https://NAME.vault.azure.net")
    return value


def _prefix(value: str) -> str:
    if not _PREFIX.fullmatch(value):
        raise ValueError("must be up to 100 letters, digits, hyphens and underscores")
    return value


def _project(value: str) -> str:
    if not _PROJECT.fullmatch(value):
        raise ValueError("is no id of a project")
    return value


class VaultSettings(ControlSettings):
    """Where secrets come from that neither the environment nor a file has."""

    secrets_from: Vault | None = Field(
        None,
        description="A vault for the secrets that neither a variable nor a file has: AWS Secrets"
        " Manager, Azure Key Vault or Google's Secret Manager, each an extra of the package by the"
        " same name; [below](#secrets-from-a-vault) is how.",
    )
    secrets_names: Annotated[CommaSeparated, AfterValidator(_names)] = Field(
        (),
        description="The variables whose values are there, separated by commas: any of those"
        " marked as secret here, and those that the credentials of services come from.",
    )
    secrets_prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "", description="What stands before each of their names in the vault."
    )
    secrets_aws_ids: Annotated[CommaSeparated, AfterValidator(_ids)] = Field(
        (),
        description="For `aws`: names or ARNs of secrets, separated by commas. Each is a JSON"
        " object of names and values; of two that have one, the first counts.",
    )
    secrets_azure_url: Annotated[str, AfterValidator(_vault_url)] | None = Field(
        None,
        description="For `azure`: the vault's address, `https://NAME.vault.azure.net`. Names have"
        " hyphens there, as in `DATABASE-URL`.",
    )
    secrets_gcp_project: Annotated[str, AfterValidator(_project)] | None = Field(
        None, description="For `gcp`: the id of the project whose secrets they are."
    )
    secrets_wait_seconds: float = Field(
        20, gt=0, le=300, description="For how long the vault is waited for, all in all."
    )


VAULT_FIELDS = tuple(VaultSettings.__annotations__)
_NEEDS = {
    Vault.AWS: "secrets_aws_ids",
    Vault.AZURE: "secrets_azure_url",
    Vault.GCP: "secrets_gcp_project",
}


def faults_of_vault(
    values: Mapping[str, object], secret: Collection[str], others: Collection[str]
) -> list[str]:
    """Return what is wrong between the fields of a vault.

    ``secret`` are the variables of settings that are secrets, ``others`` of those that are none.
    """
    names = values.get("secrets_names")
    faults = []
    for name in names if isinstance(names, tuple) else ():
        if name in others:
            what = f"{name}, which is no secret; set it as a variable"
        elif name.startswith("OTEL_"):
            what = f"{name}, which only the environment can set"
        elif name not in secret and name.startswith("AEGIS_"):
            what = f"{name}, which is no setting"
        else:
            continue
        faults.append(f"AEGIS_SECRETS_NAMES: names {what}")
    vault = values.get("secrets_from")
    if isinstance(vault, Vault):
        faults += [
            f"AEGIS_{field.upper()}: is not set, but AEGIS_SECRETS_FROM is {vault}"
            for field in ("secrets_names", _NEEDS[vault])
            if field in values and not values[field]
        ]
    return faults
