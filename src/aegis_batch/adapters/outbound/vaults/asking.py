"""What the vaults have in common: what is asked, for how long, and how their errors are told.

No error carries the text of a library's own, which may hold what was answered.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from aegis_batch.domain.errors import InvalidRequest, VaultUnavailable
from aegis_batch.domain.printable import printable

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

__all__ = [
    "answers_of",
    "innermost",
    "require",
    "secret_missing",
    "vault_refused",
    "vault_unavailable",
    "wanted",
    "within",
]

_VALUE_CHARACTERS_MAX = 65_536
_REASON_CHARACTERS_MAX = 100
_Answer = TypeVar("_Answer")
_LIBRARIES = ("azure", "boto3", "botocore", "google", "msal", "urllib3")


def require(vault: str, packages: Iterable[str]) -> None:
    """Raise ``InvalidRequest`` where a package of a vault's extra isn't installed."""
    missing = [name for name in ("pydantic_settings", *packages) if not _is_there(name)]
    if missing:
        raise InvalidRequest(
            "vault_not_installed",
            f"AEGIS_SECRETS_FROM is {vault}, but packages are not there: {', '.join(missing)}.",
            f"Install aegis-batch with its extra: pip install 'aegis-batch[{vault}]'.",
        )


def wanted(names: Iterable[str], prefix: str) -> "type[BaseSettings]":
    """Return settings with a field for each secret, known in the vault by a prefix and its name."""
    from pydantic import Field, create_model  # noqa: PLC0415 - of the extras, as the next
    from pydantic_settings import BaseSettings  # noqa: PLC0415

    fields: dict[str, Any] = {
        f"secret_{place}": (str | None, Field(None, validation_alias=prefix + name))
        for place, name in enumerate(names)
    }
    return create_model("Wanted", __base__=BaseSettings, **fields)


def answers_of(
    answered: Mapping[str, object], names: Collection[str], prefix: str
) -> dict[str, str]:
    """Return what a vault answered by the names that were asked for.

    Raises ``InvalidRequest`` for a secret that is missing, and for one that is no text or too long.
    """
    found: dict[str, str] = {}
    missing = [name for name in names if answered.get(prefix + name) is None]
    if missing:
        raise secret_missing(", ".join(missing))
    for name in names:
        value = answered[prefix + name]
        if not isinstance(value, str) or len(value) > _VALUE_CHARACTERS_MAX:
            raise InvalidRequest(
                "vault_answer_unfit",
                f"The vault's value of {name} is no text, or is over 64 KiB.",
                "Keep it there as a text.",
            )
        found[name] = value.removesuffix("\n").removesuffix("\r")
    return found


def within(seconds: float, ask: Callable[[], _Answer]) -> _Answer:
    """Return what a call returns within a time; raises ``VaultUnavailable`` after it.

    Libraries may wait far longer, each at another place; what still waits then ends with the
    process.
    """
    for name in _LIBRARIES:
        # What they log can hold an answer, or an address.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    ended: list[tuple[_Answer | None, Exception | None]] = []

    def work() -> None:
        try:
            ended.append((ask(), None))
        except Exception as error:  # noqa: BLE001 - it is raised again where it was asked for
            ended.append((None, error))

    thread = threading.Thread(target=work, name="vault", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        raise vault_unavailable(f"no answer within {seconds:g} s")
    [(answer, error)] = ended
    if error is not None:
        raise error
    return answer  # type: ignore[return-value] # without an error it is what was returned


def innermost(error: Exception) -> BaseException:
    """Return what an error was raised from: sources wrap those of the libraries."""
    return error if error.__cause__ is None else error.__cause__


def vault_refused(reason: str) -> InvalidRequest:
    """Return the error of a vault that lets nobody in, or not this program."""
    return InvalidRequest(
        "vault_refused",
        f"The vault of AEGIS_SECRETS_FROM refuses: {_short(reason)}.",
        "See that this machine has credentials, and that they may read the secrets"
        " (docs/settings.md).",
    )


def vault_unavailable(reason: str) -> VaultUnavailable:
    """Return the error of a vault that doesn't answer, or not now."""
    return VaultUnavailable(
        "vault_unavailable",
        f"The vault of AEGIS_SECRETS_FROM does not answer: {_short(reason)}.",
        "Try again later; AEGIS_SECRETS_WAIT_SECONDS says how long it is waited for.",
    )


def secret_missing(what: str) -> InvalidRequest:
    """Return the error of a vault that has no such secret."""
    return InvalidRequest(
        "vault_secret_missing",
        f"The vault of AEGIS_SECRETS_FROM has no such secret: {printable(what)}.",
        "Put it there, or set it otherwise, and take it out of AEGIS_SECRETS_NAMES.",
    )


def _short(reason: str) -> str:
    return printable(reason)[:_REASON_CHARACTERS_MAX]


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        # Of a package within one that isn't there, or of one that is hidden.
        return False
