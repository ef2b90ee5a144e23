"""The one place where errors of SQLite and SQLAlchemy become errors of the domain.

Messages are the project's own: a driver's text may hold values.
"""

import errno
import sqlite3
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError, StatementError

from aegis_batch.adapters.outbound.state.error_meanings import OF_CLASS, OF_CODE, Meaning

__all__ = ["DRIVER_ERRORS", "StateDefectError", "meaning_of", "translate"]

# Whatever work on the file can raise that is not yet an error of the domain.
DRIVER_ERRORS = (sqlite3.Error, SQLAlchemyError)

_PRIMARY_BITS = 0xFF
_OF_ERRNO = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EROFS: sqlite3.SQLITE_READONLY,
}


class StateDefectError(Exception):
    """This program used its state database wrongly; carries the name of the error alone."""


def meaning_of(error: Exception) -> Meaning | None:
    """Return what an error of SQLite, SQLAlchemy or the system means; ``None``: a defect of ours.

    SQLite's code decides where there is one: all of it, or else its primary part. Without one the
    error's own class decides, or else the nearest above it that has a meaning.
    """
    error = _innermost(error)
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, OSError):
        code = _OF_ERRNO.get(error.errno or 0)
    if isinstance(code, int):
        return OF_CODE[code] if code in OF_CODE else OF_CODE.get(code & _PRIMARY_BITS)
    return next((OF_CLASS[kind] for kind in type(error).__mro__ if kind in OF_CLASS), None)


def translate(error: Exception, file: Path) -> Exception:
    """Return the error to raise instead of one that came from work on the state's file.

    It is a ``StateMisfit`` or a ``StateUnavailable``, or ``StateDefectError`` for what only a
    fault of this program explains.
    """
    meaning = meaning_of(error)
    inner = _innermost(error)
    kind = type(inner)
    name = getattr(inner, "sqlite_errorname", f"{kind.__module__}.{kind.__qualname__}")
    if meaning is None:
        return StateDefectError(name)
    words = {"file": file, "name": name}
    return meaning.kind(
        meaning.code, meaning.message.format(**words), meaning.remedy.format(**words)
    )


def _innermost(error: Exception) -> Exception:
    while isinstance(error, StatementError) and isinstance(error.orig, Exception):
        error = error.orig
    return error
