"""The one place where errors of psycopg become errors of the state.

Messages are the project's own: a driver's text may hold values, or a part of a password.
"""

import psycopg
from sqlalchemy.exc import SQLAlchemyError, StatementError

from aegis_batch.adapters.postgresql.refusals import ConnectionRefused
from aegis_batch.adapters.postgresql.state_meanings import (
    OF_CLASS,
    OF_REFUSAL,
    OF_SQLSTATE,
    UNFORESEEN,
    Meaning,
)
from aegis_batch.domain.errors import AegisError, StateUnavailable

__all__ = ["DRIVER_ERRORS", "meaning_of", "name_of", "silent", "state_error_of"]

# Whatever work on the database can raise that is not yet an error of the domain.
DRIVER_ERRORS = (psycopg.Error, SQLAlchemyError)


def meaning_of(error: Exception) -> Meaning | None:
    """Return what an error of the driver or of SQLAlchemy means; ``None``: a defect of ours.

    An SQLSTATE decides where there is one: all of it, or else its class. Without one the error's
    own class decides, or else the nearest above it that has a meaning.
    """
    error = _innermost(error)
    if isinstance(error, ConnectionRefused):
        return OF_REFUSAL[error.refusal]
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        known = sqlstate if sqlstate in OF_SQLSTATE else sqlstate[:2]
        return OF_SQLSTATE.get(known, UNFORESEEN)
    return next((OF_CLASS[kind] for kind in type(error).__mro__ if kind in OF_CLASS), None)


def state_error_of(error: Exception, place: str) -> AegisError | None:
    """Return the error to raise instead of one that came from work on the state.

    It is a ``StateMisfit`` or a ``StateUnavailable``; ``None`` for what only a fault of this
    program explains. ``place`` names the database, without a secret.
    """
    meaning = meaning_of(error)
    if meaning is None:
        return None
    words = {"place": place, "sqlstate": getattr(_innermost(error), "sqlstate", None) or "none"}
    return meaning.kind(
        meaning.code, meaning.message.format(**words), meaning.remedy.format(**words)
    )


def name_of(error: Exception) -> str:
    """Return the name of an error alone, for a defect: its SQLSTATE, or else its class."""
    inner = _innermost(error)
    sqlstate = getattr(inner, "sqlstate", None)
    if isinstance(sqlstate, str):
        return f"SQLSTATE {sqlstate}"
    return f"{type(inner).__module__}.{type(inner).__qualname__}"


def silent(place: str) -> StateUnavailable:
    """Return the error of a server that holds its connection open and says nothing any more."""
    return StateUnavailable(
        "state_silent",
        f"The state database {place} stopped answering.",
        "See whether the server, or the network before it, hangs; try again later.",
    )


def _innermost(error: Exception) -> Exception:
    while isinstance(error, StatementError) and isinstance(error.orig, Exception):
        error = error.orig
    return error
