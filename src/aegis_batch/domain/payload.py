"""What jobs and events carry: JSON objects of a bounded size, with no secret in them."""

import json
import re
from collections.abc import Mapping

__all__ = ["PAYLOAD_BYTES_MAX", "checked_payload"]

PAYLOAD_BYTES_MAX = 1024 * 1024
_DEPTH_MAX = 32
_SECRET_NAME = re.compile(
    r"passw|passphrase|senha|secret|segredo|credential|credencia|authorization"
    r"|(?:api|private|access)[-_]?key|chave[-_]?(?:de[-_]?)?(?:api|acesso|privada)"
    r"|(?:^|[-_])(?:token|pwd|jwt)(?:$|[-_])|(?:^|[-_]|db|user)pass$"
    r"|(?:access|api|auth|bearer|client|id|refresh|service|session)token$",
    re.IGNORECASE,
)
# A JWT, an Authorization header, a PEM key, an address with a password, keys of known shapes.
_SECRET_VALUE = re.compile(
    r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.|^(?:Bearer|Basic)\s+\S{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|://[^/@\s:]+:[^/@\s]+@|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|\bsk_live_\w{16}"
)


def checked_payload(value: object, bytes_max: int = PAYLOAD_BYTES_MAX) -> str:
    """Return an object of JSON as canonical text: sorted, compact, not escaped.

    Raises ``ValueError`` with a reason, which names the place and never the value, for what is no
    object of JSON, is too large or too deep, or seems to hold a secret.
    """
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - all faults are told in one way
    _check(value, "", 1)
    try:
        text = json.dumps(
            value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        )
        size = len(text.encode())
    except (ValueError, TypeError):
        raise ValueError("holds what JSON has no form for") from None
    if size > bytes_max:
        raise ValueError(f"is over {bytes_max:,} bytes")
    return text


def _check(value: object, place: str, depth: int) -> None:
    if depth > _DEPTH_MAX:
        raise ValueError(f"is deeper than {_DEPTH_MAX} levels")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            here = f"{place}.{str(name)[:40]}" if place else str(name)[:40]
            if inner not in (None, "", False) and _SECRET_NAME.search(str(name)):
                raise ValueError(f"seems to hold a secret, at {here}")
            _check(inner, here, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, f"{place}[]", depth + 1)
    elif isinstance(value, str) and _SECRET_VALUE.search(value):
        raise ValueError(f"seems to hold a secret, at {place}")
