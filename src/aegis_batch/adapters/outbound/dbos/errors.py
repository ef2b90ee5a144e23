"""What the engine's database and library raise, in the program's own errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable

__all__ = ["misfit", "state_errors"]

_PRIMARY_CODE = 0xFF
_PASSING = {
    sqlite3.SQLITE_BUSY: ("state_locked", "The state database is locked by another process."),
    sqlite3.SQLITE_LOCKED: ("state_locked", "The state database is locked by this process."),
    sqlite3.SQLITE_FULL: ("state_full", "The disk of the state database is full."),
    sqlite3.SQLITE_READONLY: ("state_read_only", "The state database can't be written to."),
    sqlite3.SQLITE_PERM: ("state_read_only", "The state database can't be written to."),
    sqlite3.SQLITE_CANTOPEN: ("state_away", "The state database can't be opened."),
    sqlite3.SQLITE_IOERR: ("state_away", "The disk of the state database fails."),
    sqlite3.SQLITE_INTERRUPT: ("state_away", "The state database broke off."),
    sqlite3.SQLITE_NOMEM: ("state_away", "There is not enough memory for the state database."),
}
_REMEDIES = {
    "state_locked": "Try again when the other process is done; it may be a backup.",
    "state_full": "Make space on the disk; nothing is lost.",
    "state_read_only": "Let the program's user write to the file and its folder.",
    "state_away": "See that AEGIS_STATE_URL is right, and that the database is there and answers.",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def state_errors() -> Iterator[None]:
    """Turn what the database raises into ``StateUnavailable`` or ``StateMisfit``.

    No driver's text goes on: it can hold values and addresses.
    """
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise _meaning(error) from None


def misfit() -> StateMisfit:
    """Return the error for tables of the engine that are missing, or are not as they should be."""
    return StateMisfit(
        "state_misfit",
        "The engine's tables in the state database are missing, or not as this version needs them.",
        "Bring them up to date with: aegis-batch state migrate.",
    )


def _meaning(error: exc.SQLAlchemyError) -> AegisError:
    driver_error = error.orig if isinstance(error, exc.DBAPIError) else None
    # Errors that the Python module raises by itself carry no code.
    code = getattr(driver_error, "sqlite_errorcode", None)
    if code is not None:
        return _meaning_in_sqlite(code & _PRIMARY_CODE)
    passing = isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)
    if passing or getattr(error, "connection_invalidated", False):
        return _passing("state_away", "The state database can't be reached.")
    return misfit()


def _meaning_in_sqlite(code: int) -> AegisError:
    if code in _PASSING:
        return _passing(*_PASSING[code])
    if code in _DAMAGED:
        return StateMisfit(
            "state_damaged",
            "The state database is damaged, or no SQLite database at all.",
            "Restore a backup, or move the file away: a new one begins without history, and the "
            "Backend knows what is closed.",
        )
    return misfit()


def _passing(code: str, message: str) -> StateUnavailable:
    return StateUnavailable(code, message, _REMEDIES[code])
