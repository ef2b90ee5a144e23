"""Why a server lets nobody in, by its own words."""

import re
from enum import Enum
from typing import Final

import psycopg

__all__ = ["ConnectionRefused", "Refusal", "refusal_of"]


class Refusal(Enum):
    """Why a connection could not be made; only the last may pass by itself."""

    TLS = "no encrypted connection as demanded"
    LOGIN = "login refused"
    DATABASE = "unknown database"
    PASSING = "connection failed"


class ConnectionRefused(psycopg.OperationalError):
    """A connection could not be made; says so in words of our own, and nothing else.

    It is an error of the driver, so that whatever works over the driver takes it for one.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


_NAMES: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_LOGIN: Final = re.compile(
    r"authentication failed|no password supplied|password is empty|no pg_hba\.conf entry|"
    r'pg_hba\.conf rejects|role "" does not exist|is not permitted to log in|'
    r"permission denied for database|no such user|login failed",
    re.IGNORECASE,
)
_DATABASE: Final = re.compile(r'database "" does not exist|no such database', re.IGNORECASE)
_TLS: Final = re.compile(
    r"does not support SSL|SSL was required|certificate|channel binding|SSL error: (?!.*eof)|"
    r"sslmode|SSL connection is required",
    re.IGNORECASE,
)


def refusal_of(error: Exception) -> Refusal:
    """Return what an error means that came while connecting.

    The server's code doesn't come through while connecting, so its words must do, in English as
    every provider's are. What they don't tell is taken as passing, which costs time alone.
    """
    if isinstance(error, ConnectionRefused):
        return error.refusal
    # Without names, of which any could hold the words that are looked for.
    text = _NAMES.sub('""', str(error))
    if _TLS.search(text):
        return Refusal.TLS
    if _LOGIN.search(text):
        return Refusal.LOGIN
    if _DATABASE.search(text):
        return Refusal.DATABASE
    return Refusal.PASSING
