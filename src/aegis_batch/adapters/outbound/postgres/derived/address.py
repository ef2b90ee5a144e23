"""``AEGIS_REPORTS_URL``, read, and told apart from the address of the orders' database."""

import ipaddress

from psycopg import pq
from sqlalchemy import URL

from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["name_same_database", "parse_reports_url"]

_VARIABLE = "AEGIS_REPORTS_URL"
_THIS_MACHINE = "localhost"
_POOLER = "-pooler"


def parse_reports_url(text: str) -> URL:
    """Return the URL of the reports' database, in all the forms that ``DATABASE_URL`` takes.

    Raises ``InvalidRequest``, which tells nothing of the text but the keys of unknown options.
    """
    try:
        return parse_database_url(text)
    except InvalidRequest as error:
        raise InvalidRequest(
            error.code,
            error.message.replace("DATABASE_URL", _VARIABLE),
            error.remedy.replace("DATABASE_URL", _VARIABLE),
        ) from None


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
        or _option(url, "hostaddr")
        or _option(url, "host")
        or defaults["hostaddr"]
        or defaults["host"]
    ).split(",")
    named = str(url.port) if url.port else _option(url, "port")
    ports = (named or defaults["port"]).split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return {
        (_plain_host(host), port or defaults["port"])
        for host, port in zip(hosts, ports, strict=False)
    }


def _option(url: URL, name: str) -> str:
    value = url.query.get(name, "")
    return value if isinstance(value, str) else ",".join(value)


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
