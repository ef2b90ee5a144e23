"""Where notices go: addresses that are secrets, checked so that they can't travel unprotected."""

import httpx

from aegis_batch.adapters.outbound.http.connection import is_protected
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["check_notice_address"]

_CHARACTERS_MAX = 2_048
_PORT_MAX = 65_535


def check_notice_address(text: str) -> httpx.URL:
    """Return the address that a notice is sent to, with its path and query as they were given.

    Plain http is for the places that a token may be sent to by it. Raises ``InvalidRequest``, whose
    text never repeats the address: whoever knows it can write to where it leads.
    """
    scheme, separator, rest = text.partition("://")
    if len(text) > _CHARACTERS_MAX:
        raise _unfit(f"is longer than {_CHARACTERS_MAX} characters")
    if "@" in rest.partition("/")[0]:
        raise _unfit("has a user or a password before its host")
    if "#" in text:
        raise _unfit("has a fragment, which is never sent")
    if "\\" in text or not text.isascii() or not text.isprintable() or " " in text:
        raise _unfit("holds a character that no address holds")
    try:
        url = httpx.URL(scheme.lower() + separator + rest)
    except (httpx.InvalidURL, ValueError):
        raise _unfit("is not an address") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise _unfit("is not an address that begins with https:// and a host")
    if url.port is not None and not 0 < url.port <= _PORT_MAX:
        raise _unfit("names a port that can't be")
    if not is_protected(str(url)):
        raise InvalidRequest(
            "notice_unprotected",
            "It starts with http://, so what is sent would travel unprotected.",
            "Use https://. Plain http:// is for loopback, *.internal and *.flycast only.",
        )
    return url


def _unfit(what: str) -> InvalidRequest:
    return InvalidRequest(
        "invalid_notice_address",
        f"It {what}.",
        "Write it as its service shows it, such as https://hooks.example.com/a-secret-path.",
    )
