"""The one place where errors of psycopg and SQLAlchemy become errors of the domain.

Messages are the project's own: a driver's text may hold values, or a part of a password.
"""

from collections.abc import Sequence

import psycopg
from sqlalchemy.exc import SQLAlchemyError, StatementError

from aegis_batch.adapters.outbound.postgres.error_meanings import OF_CLASS, OF_SQLSTATE, Meaning
from aegis_batch.adapters.postgresql.refusals import Refusal, refusal_of
from aegis_batch.domain.errors import AegisError, OrdersMisfit, OrdersUnreachable

__all__ = ["DRIVER_ERRORS", "DatabaseDefectError", "meaning_of", "translate", "translate_refusal"]

# Whatever reading can raise that is not yet an error of the domain.
DRIVER_ERRORS = (psycopg.Error, SQLAlchemyError, UnicodeDecodeError)

_UNFORESEEN = Meaning(
    OrdersMisfit,
    "unforeseen_database_error",
    "The orders' database reports an error that this program doesn't know (SQLSTATE {sqlstate}).",
    "See the server's log, which has the statement and the cause.",
)
_OF_REFUSAL = {
    Refusal.TLS: Meaning(
        OrdersMisfit,
        "tls_refused",
        "No encrypted connection to the orders' database could be made as demanded.",
        "See sslmode, sslrootcert and channel_binding in DATABASE_URL, and what the server offers.",
    ),
    Refusal.LOGIN: OF_SQLSTATE["28"],
    Refusal.DATABASE: OF_SQLSTATE["3D"],
    Refusal.PASSING: Meaning(
        OrdersUnreachable,
        "database_unreachable",
        "The orders' database can't be reached.",
        "See that it runs, and that host, port and sslmode in DATABASE_URL are right;"
        " AEGIS_DB_CONNECT_SECONDS is for how long it is tried.",
    ),
}


class DatabaseDefectError(Exception):
    """This program used its database libraries wrongly; carries the class of the error alone."""


def meaning_of(error: Exception) -> Meaning | None:
    """Return what an error of the driver or of SQLAlchemy means; ``None``: a defect of ours.

    An SQLSTATE decides where there is one: all of it, or else its class. Without one the error's
    own class decides, or else the nearest above it that has a meaning.
    """
    error = _innermost(error)
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        return OF_SQLSTATE.get(sqlstate) or OF_SQLSTATE.get(sqlstate[:2]) or _UNFORESEEN
    return next((OF_CLASS[kind] for kind in type(error).__mro__ if kind in OF_CLASS), None)


def translate(error: Exception, tables: Sequence[str]) -> Exception:
    """Return the error to raise instead of one that came while tables were read.

    It is an ``OrdersMisfit`` or an ``OrdersUnreachable``, or ``DatabaseDefectError`` for what
    only a fault of this program explains.
    """
    meaning = meaning_of(error)
    inner = _innermost(error)
    if meaning is None:
        return DatabaseDefectError(f"{type(inner).__module__}.{type(inner).__qualname__}")
    words = {
        "tables": " and ".join(dict.fromkeys(tables)),
        "sqlstate": getattr(inner, "sqlstate", None) or "none",
    }
    return _written(meaning, words)


def translate_refusal(error: Exception) -> AegisError:
    """Return the error to raise instead of one that came while connecting."""
    return _written(_OF_REFUSAL[refusal_of(error)], {})


def _innermost(error: Exception) -> Exception:
    while isinstance(error, StatementError) and isinstance(error.orig, Exception):
        error = error.orig
    return error


def _written(meaning: Meaning, words: dict[str, str]) -> AegisError:
    return meaning.kind(
        meaning.code, meaning.message.format(**words), meaning.remedy.format(**words)
    )
