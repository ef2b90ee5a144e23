"""Addresses of databases as providers hand them out, read by PostgreSQL's own rules."""

import re
from urllib.parse import unquote

import psycopg
from psycopg import pq
from sqlalchemy import URL

from aegis_batch.domain.errors import InvalidRequest

__all__ = ["option_of", "parse_address", "place_of", "plain_name_of"]

# The options of a URL that say where the database is, where its host and port don't.
_WHERE = ("host", "hostaddr", "port", "service")

_DRIVER = "postgresql+psycopg"
_SCHEME = re.compile(r"(?:postgres|postgresql|postgresql\+psycopg)://", re.IGNORECASE)
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_PORT = re.compile(r"[0-9]{1,5}")
_PORT_MAX = 65_535
# How libpq marks options that are secrets, and those that are no business of a client's user.
_UNFIT_MARKS = (b"*", b"D")
_FORM = "postgresql://user:password@host:5432/database?sslmode=require"


def parse_address(text: str, variable: str) -> URL:
    """Return the URL of a PostgreSQL database as SQLAlchemy writes it, for the driver psycopg.

    ``postgres://``, ``postgresql://`` and ``postgresql+psycopg://`` are taken, with every option
    that libpq knows, the host or the password among them; several hosts and Unix sockets stand in
    the query. ``variable`` is where the text stands, for messages. Source: PostgreSQL's manual,
    "Connection URIs".

    Raises ``InvalidRequest``, which tells nothing of the text but the keys of unknown options.
    """
    match = _SCHEME.match(text.strip())
    if match is None:
        raise _Unfit(f"It must be of the form {_FORM}.").told_of(variable)
    try:
        return _url_of(text.strip()[match.end() :])
    except _Unfit as unfit:
        # Without the chain: what is beneath may hold a part of the password.
        raise unfit.told_of(variable) from None


def _url_of(rest: str) -> URL:
    options = _libpq_options(rest)
    password = options.pop("password", None)
    user = options.pop("user", None)
    database = options.pop("dbname", None)
    _refuse_secret_options(options)
    _refuse_spilled_password(rest, options.get("host", ""), options.get("port", ""))
    host, port = options.get("host", ""), options.get("port", "")
    if host and "," not in host and not host.startswith(("/", "@")) and "hostaddr" not in options:
        del options["host"]
        options.pop("port", None)
        return URL.create(
            _DRIVER, user, password, host, int(port) if port else None, database, query=options
        )
    return URL.create(_DRIVER, user, password, database=database, query=options)


def _libpq_options(rest: str) -> dict[str, str]:
    try:
        parsed = pq.Conninfo.parse(f"postgresql://{rest}".encode())
        return {
            option.keyword.decode(): option.val.decode()
            for option in parsed
            if option.val is not None
        }
    except (psycopg.Error, UnicodeError):
        # The library's own words may hold a part of the password.
        unknown = _unknown_keys(rest)
    if unknown:
        raise _Unfit(
            f"PostgreSQL knows no option {', '.join(unknown)}.",
            "Take it out of {variable}; it belongs to some other program.",
        )
    raise _Unfit(
        "PostgreSQL can't read it.",
        "Percent-encode what isn't a letter or a digit in user and password: a space is %20, a"
        " percent sign %25, an at sign %40, a slash %2F.",
    )


def _unknown_keys(rest: str) -> list[str]:
    """Name options that libpq doesn't know, only where they can't be part of a password."""
    address = rest.rpartition("@")[2]
    authority = address.partition("?")[0].partition("/")[0]
    if "@" not in rest and not _PORT.fullmatch(authority.rpartition(":")[2] or "0"):
        return []
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} | {"ssl"}
    keys = [unquote(pair.partition("=")[0]) for pair in address.partition("?")[2].split("&")]
    return [key for key in keys if key not in known and _PLAIN_KEY.fullmatch(key)]


def _refuse_secret_options(options: dict[str, str]) -> None:
    unfit = {o.keyword.decode() for o in pq.Conninfo.get_defaults() if o.dispchar in _UNFIT_MARKS}
    found = sorted(unfit & options.keys())
    if found:
        raise _Unfit(
            f"It holds the option {', '.join(found)}, which this program doesn't take.",
            "Take it out of {variable}; a key without a passphrase of its own can be used.",
        )


def _refuse_spilled_password(rest: str, host: str, port: str) -> None:
    # An at sign or a slash that isn't encoded ends the password early, and what is left of it
    # would be looked up as a host, or shown as one.
    path = rest.partition("/")[2].partition("?")[0]
    ports_are_fit = all(
        part == "" or (_PORT.fullmatch(part) and 0 < int(part) <= _PORT_MAX)
        for part in port.split(",")
    )
    if ports_are_fit and "@" not in path and not re.search(r"[@\s]", host.lstrip("@")):
        return
    raise _Unfit(
        "Its host or its port is none.",
        "Percent-encode the password: an at sign is %40, a slash %2F, a colon %3A.",
    )


class _Unfit(Exception):  # noqa: N818 - it says what is so, and never leaves the module
    """What is wrong with an address, for whatever variable holds it."""

    def __init__(self, what: str, remedy: str = f"Write {_FORM}.") -> None:
        super().__init__(what, remedy)
        self._what, self._remedy = what, remedy

    def told_of(self, variable: str) -> InvalidRequest:
        return InvalidRequest(
            "invalid_setting",
            f"{variable} can't be used. {self._what}",
            self._remedy.replace("{variable}", variable),
        )


def place_of(url: URL) -> str:
    """Return where a database is, as a URL without user and password."""
    where = {name: url.query[name] for name in _WHERE if name in url.query}
    place = URL.create(
        url.drivername, host=url.host, port=url.port, database=url.database, query=where
    )
    return str(place)


def plain_name_of(url: URL) -> str:
    """Name a database for people: its host, its port and its name, and nothing else."""
    host = url.host or option_of(url, "host") or option_of(url, "hostaddr") or "localhost"
    port = url.port or option_of(url, "port") or ""
    return f"{host}{':' if port else ''}{port}/{url.database or ''}"


def option_of(url: URL, name: str) -> str:
    """Return an option of an address as one text, empty where it has none."""
    value = url.query.get(name, "")
    return value if isinstance(value, str) else ",".join(value)
