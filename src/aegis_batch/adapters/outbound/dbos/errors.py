"""What the engine's database and library raise, in the program's own errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable

__all__ = ["locked", "misfit", "state_errors"]

_PRIMARY_CODE = 0xFF
# The driver of PostgreSQL, and what the program raises in its place; loaded where it is used.
_OF_SERVERS = frozenset({"psycopg", "aegis_batch"})
# By SQLite's primary code. The same codes, for the same causes, as elsewhere for the state.
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "state_locked",
    sqlite3.SQLITE_LOCKED: "state_locked",
    sqlite3.SQLITE_PROTOCOL: "state_locked",
    sqlite3.SQLITE_FULL: "state_full",
    sqlite3.SQLITE_IOERR: "state_io_error",
    sqlite3.SQLITE_NOMEM: "state_short_of_memory",
    sqlite3.SQLITE_INTERRUPT: "state_broke_off",
    sqlite3.SQLITE_ABORT: "state_broke_off",
    sqlite3.SQLITE_SCHEMA: "state_broke_off",
}
_UNFIT = {
    sqlite3.SQLITE_READONLY: "state_read_only",
    sqlite3.SQLITE_PERM: "state_cannot_open",
    sqlite3.SQLITE_CANTOPEN: "state_cannot_open",
    sqlite3.SQLITE_CORRUPT: "state_damaged",
    sqlite3.SQLITE_NOTADB: "state_no_database",
}
_WORDS = {
    "state_locked": (
        "The state database stays locked by somebody else.",
        "Try again later; if it goes on, find and end the process that holds it.",
    ),
    "state_full": (
        "There is no room left for the state database.",
        "Make room on its disk; nothing that was recorded is lost.",
    ),
    "state_io_error": (
        "The state database could not be read or written.",
        "See that its disk is there, not over its quota and not failing, and try again.",
    ),
    "state_short_of_memory": (
        "There is not enough memory to work with the state database.",
        "Give the machine more memory, or run less beside this program.",
    ),
    "state_broke_off": ("Work with the state database was broken off.", "Try again."),
    "state_away": (
        "The state database can't be reached.",
        "See that AEGIS_STATE_URL is right, and that the database answers.",
    ),
    "state_read_only": (
        "The state database may only be read.",
        "Let this account write to the file and its folder, and mount the volume for writing.",
    ),
    "state_cannot_open": (
        "The state database can't be opened.",
        "See that its folder is there, and that this account may write to it.",
    ),
    "state_damaged": (
        "The state database is damaged.",
        "Put the file of a backup in its place, or start with a new one without history.",
    ),
    "state_no_database": (
        "The state's file is no SQLite database, or is damaged in its first bytes.",
        "Set AEGIS_STATE_URL to another file, or put the file of a backup in its place.",
    ),
    "state_misfit": (
        "The engine's tables in the state database are missing, or not as this version needs them.",
        "Bring them up to date with: aegis-batch state migrate.",
    ),
}


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
    return StateMisfit("state_misfit", *_WORDS["state_misfit"])


def locked() -> StateUnavailable:
    """Return the error for tables that somebody else keeps to himself."""
    return _unavailable("state_locked")


def _meaning(error: exc.SQLAlchemyError) -> AegisError:
    driver_error = error.orig if isinstance(error, exc.DBAPIError) else None
    if type(driver_error).__module__.partition(".")[0] in _OF_SERVERS:
        return _meaning_on_a_server(error)
    # Errors that the Python module raises by itself carry no code.
    code = getattr(driver_error, "sqlite_errorcode", None)
    if code is not None:
        return _meaning_in_sqlite(code & _PRIMARY_CODE)
    passing = isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)
    if passing or getattr(error, "connection_invalidated", False):
        return _unavailable("state_away")
    return misfit()


def _meaning_on_a_server(error: exc.SQLAlchemyError) -> AegisError:
    from aegis_batch.adapters.postgresql.state_errors import state_error_of  # noqa: PLC0415

    # Its address isn't known here, and the state's own adapter names it.
    found = state_error_of(error, "of the durable engine")
    return misfit() if found is None else found


def _meaning_in_sqlite(primary_code: int) -> AegisError:
    if primary_code in _UNAVAILABLE:
        return _unavailable(_UNAVAILABLE[primary_code])
    code = _UNFIT.get(primary_code, "state_misfit")
    return StateMisfit(code, *_WORDS[code])


def _unavailable(code: str) -> StateUnavailable:
    return StateUnavailable(code, *_WORDS[code])
