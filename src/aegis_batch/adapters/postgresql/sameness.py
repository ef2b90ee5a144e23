"""Whether two addresses lead to one database."""

import ipaddress

from psycopg import pq
from sqlalchemy import URL

from aegis_batch.adapters.postgresql.address import option_of

__all__ = ["name_same_database"]

_THIS_MACHINE = "localhost"
_POOLER = "-pooler"


def name_same_database(one: URL, other: URL) -> bool:
    """Say whether two addresses lead to one database, as far as their texts can tell.

    What an address leaves out is filled in as libpq would do it. All ways to this machine count
    as one host, and so does a provider's pooler with the server behind it.
    """
    defaults = {
        option.keyword.decode(): (option.val or b"").decode()
        for option in pq.Conninfo.get_defaults()
    }
    if _name(one, defaults) != _name(other, defaults):
        return False
    return not _places(one, defaults).isdisjoint(_places(other, defaults))


def _name(url: URL, defaults: dict[str, str]) -> str:
    return url.database or defaults["dbname"] or url.username or defaults["user"]


def _places(url: URL, defaults: dict[str, str]) -> set[tuple[str, str]]:
    hosts = (
        url.host
        or option_of(url, "hostaddr")
        or option_of(url, "host")
        or defaults["hostaddr"]
        or defaults["host"]
    ).split(",")
    named = str(url.port) if url.port else option_of(url, "port")
    ports = (named or defaults["port"]).split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return {
        (_plain_host(host), port or defaults["port"])
        for host, port in zip(hosts, ports, strict=False)
    }


def _plain_host(host: str) -> str:
    # No host, or one like a path, means a Unix socket.
    if not host or host.startswith(("/", "@")):
        return _THIS_MACHINE
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.lower().removesuffix(".")
        first, dot, rest = name.partition(".")
        return first.removesuffix(_POOLER) + dot + rest
    return _THIS_MACHINE if address.is_loopback else str(address)
