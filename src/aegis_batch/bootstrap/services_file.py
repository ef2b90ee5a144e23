"""The services that jobs may call, read from the TOML file that ``AEGIS_SERVICES_FILE`` names."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.variables import Fault, gather
from aegis_batch.bootstrap.vault_choice import secrets_of
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.http.service_caller import RegisteredService
    from aegis_batch.application.ports.service_caller import ServiceCaller

__all__ = ["build_service_caller", "read_services", "service_names"]

_FILE_BYTES_MAX = 1024 * 1024
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")


class _Entry(BaseModel):
    """One table of the file; ``credential`` names the variable that holds it, never itself."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    base_url: str = Field(max_length=500)
    credential: str | None = Field(default=None, pattern=_VARIABLE.pattern)
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,99}$")
    scheme: str = Field(default="Bearer", pattern=r"^[A-Za-z0-9-]{0,50}$")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    service: list[_Entry] = Field(default_factory=list, max_length=1_000)


def build_service_caller(settings: Settings, environ: Mapping[str, str]) -> "ServiceCaller":
    """Return what calls the services of the settings.

    Raises ``InvalidRequest`` for a file that is unfit, and for a credential that isn't set.
    """
    from aegis_batch.adapters.outbound.http.service_caller import (  # noqa: PLC0415 - few call one
        HttpServiceCaller,
    )

    return HttpServiceCaller(
        read_services(settings.services_file, environ, partial(secrets_of, settings)),
        f"aegis-batch/{program_version()}",
    )


def service_names(settings: Settings) -> frozenset[str]:
    """Return the names of the services of the settings; raises ``InvalidRequest``."""
    return frozenset(entry.name for entry in _entries(settings.services_file))


def read_services(
    path: Path | None,
    environ: Mapping[str, str],
    ask_vault: Callable[[Sequence[str]], Mapping[str, str]] = lambda _: {},
) -> Mapping[str, "RegisteredService"]:
    """Return the services of a file, by their names; without a file there are none.

    Credentials come from variables, from files that variables with ``_FILE`` at their end name, or
    from a vault. Raises ``InvalidRequest``, and ``VaultUnavailable``.
    """
    from aegis_batch.adapters.outbound.http.connection import (  # noqa: PLC0415 - few have one
        is_header_value,
        is_protected,
    )
    from aegis_batch.adapters.outbound.http.service_caller import RegisteredService  # noqa: PLC0415

    services: dict[str, RegisteredService] = {}
    entries = _entries(path)
    known = _known((each.credential for each in entries if each.credential), environ, ask_vault)
    for entry in entries:
        where = f"service {entry.name}"
        if entry.name in services:
            raise _unfit(path, f"{where} stands there twice")
        credential = None
        if entry.credential is not None:
            secret = _secret(path, where, entry.credential, known)
            credential = f"{entry.scheme} {secret}".strip()
            if not is_header_value(credential):
                raise _unfit(path, f"{where}: {entry.credential} can't be carried by a header")
        try:
            service = RegisteredService(entry.base_url, entry.header, credential)
        except InvalidRequest as error:
            what = error.message.replace("BACKEND_BASE_URL", "base_url").rstrip(".")
            raise _unfit(path, f"{where}: {what}") from None
        if credential is not None and not is_protected(service.base_url):
            raise _unfit(path, f"{where}: its credential would travel unprotected; use https://")
        services[entry.name] = service
    return services


def _known(
    variables: Iterable[str],
    environ: Mapping[str, str],
    ask_vault: Callable[[Sequence[str]], Mapping[str, str]],
) -> Mapping[str, str | Fault]:
    """Return what is known of some variables; the vault is asked once for all that aren't set."""
    names = list(dict.fromkeys(variables))
    gathered = gather(names, [environ])
    unset = [name for name in names if not gathered.get(name)]
    return {**gathered, **(ask_vault(unset) if unset else {})}


def _secret(path: Path | None, where: str, variable: str, known: Mapping[str, str | Fault]) -> str:
    found = known.get(variable)
    if isinstance(found, Fault):
        raise _unfit(path, f"{where}: {variable} {found.reason}")
    if not found:
        raise _unfit(path, f"{where}: {variable} is not set")
    return SecretStr(found).get_secret_value()


def _entries(path: Path | None) -> list[_Entry]:
    if path is None:
        return []
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
        if len(content) > _FILE_BYTES_MAX:
            raise _unfit(path, "it is over 1 MiB")
        return _File.model_validate(tomllib.loads(content.decode())).service
    except OSError:
        raise _unfit(path, "it can't be read") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise _unfit(path, "it is no TOML in UTF-8") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _unfit(path, f"{place}: {first['msg']}") from None


def _unfit(path: Path | None, what: str) -> InvalidRequest:
    return InvalidRequest(
        "invalid_services_file",
        f"AEGIS_SERVICES_FILE: {printable(str(path))}: {what}.",
        "What can stand in the file is in docs/jobs.md.",
    )
