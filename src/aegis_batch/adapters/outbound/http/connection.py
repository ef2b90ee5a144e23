"""Where the Backend is and how it is asked, checked so that the token can't go astray."""

import ipaddress
import re
from dataclasses import dataclass, field

import httpx

from aegis_batch.domain.errors import InvalidRequest

__all__ = [
    "BackendConnection",
    "check_base_url",
    "check_protected",
    "check_token",
    "is_header_value",
    "is_protected",
]

_HOST_CHARACTERS_MAX = 253
_LABEL_CHARACTERS_MAX = 63
_PORT_MAX = 65_535
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_LABEL = re.compile(r"[A-Za-z0-9_-]+")
# RFC 9110, section 5.5, without what only some servers take: tabs and bytes above ASCII.
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class BackendConnection:
    """How to reach the Backend; one that exists is fit to be used.

    ``timeout_seconds`` is the time that one attempt may take in all, ``backoff_seconds`` the first
    wait between two of at most ``max_attempts``. With ``several_tenants`` each request names its
    tenant. Raises ``InvalidRequest`` where the address or the token is unfit, or where the token
    would travel unprotected.
    """

    base_url: str
    token: str = field(repr=False)
    timeout_seconds: float = 10.0
    max_attempts: int = 3
    backoff_seconds: float = 0.5
    several_tenants: bool = False

    def __post_init__(self) -> None:
        """Check the address and the token, and bring the address into its normal form."""
        object.__setattr__(self, "base_url", check_base_url(self.base_url))
        check_token(self.token)
        check_protected(self.base_url)


def check_base_url(text: str) -> str:
    """Return the address of a Backend in its normal form, without a slash at its end.

    It has the scheme http or https, a host, perhaps a port and a path, and nothing else. Raises
    ``InvalidRequest``, whose text never repeats the address, since a password may stand in it.
    """
    scheme, separator, rest = text.partition("://")
    if "@" in rest.partition("/")[0]:
        raise _unfit("has a user or a password before its host", "Take it out: the token is enough")
    if "?" in text or "#" in text:
        raise _unfit("has a query or a fragment", "Leave it off: paths are added to the address")
    if "\\" in text or not text.isprintable() or " " in text:
        raise _unfit("holds a character that no address holds", "Look for spaces and backslashes")
    try:
        url = httpx.URL(scheme.lower() + separator + rest)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError):
        raise _unfit("is not an address", "Check its host and its port") from None
    if url.scheme not in ("http", "https"):
        raise _unfit("starts with neither https:// nor http://", "Write the scheme in front")
    if not _is_host(host):
        raise _unfit("has no usable host", "Write the host after the scheme")
    if url.port is not None and not 0 < url.port <= _PORT_MAX:
        raise _unfit("names a port that can't be", "Write the port that the Backend listens on")
    return str(url).rstrip("/")


def check_token(text: str) -> None:
    """Raise ``InvalidRequest`` where a header can't carry a token; the text never repeats it."""
    if not is_header_value(text):
        raise InvalidRequest(
            "invalid_token",
            "X_SERVICE_TOKEN is empty or holds a character that an HTTP header can't carry.",
            "Use printable ASCII characters, without a space or a line break at either end.",
        )


def is_header_value(text: str) -> bool:
    """Say whether every server takes a text as a header's value: printable ASCII, no edge blank."""
    return _HEADER_VALUE.fullmatch(text) is not None


def is_protected(base_url: str) -> bool:
    """Say whether a token may be sent to an address, as ``check_base_url`` returns it.

    Over https it may go anywhere; over http only where no stranger can listen: to loopback, and
    to the private names ``*.internal`` and ``*.flycast``.
    """
    url = httpx.URL(base_url)
    if url.scheme == "https":
        return True
    host = url.raw_host.decode("ascii").lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".internal", ".flycast"))
    return any(address in network for network in _LOOPBACK)


def check_protected(base_url: str) -> None:
    """Raise ``InvalidRequest`` where a token sent to an address could be listened to."""
    if not is_protected(base_url):
        raise InvalidRequest(
            "token_unprotected",
            "BACKEND_BASE_URL starts with http://, so the token would travel unprotected.",
            "Use https://. Plain http:// is for loopback, *.internal and *.flycast only.",
        )


def _is_host(host: str) -> bool:
    if ":" in host:
        return True  # An IPv6 address, which the parser has checked.
    labels = host.removesuffix(".").split(".")
    return len(host) <= _HOST_CHARACTERS_MAX and all(
        len(label) <= _LABEL_CHARACTERS_MAX and _LABEL.fullmatch(label) for label in labels
    )


def _unfit(what: str, how: str) -> InvalidRequest:
    return InvalidRequest(
        "invalid_base_url",
        f"BACKEND_BASE_URL {what}.",
        f"{how}; an address looks like https://backend.example.com.",
    )
