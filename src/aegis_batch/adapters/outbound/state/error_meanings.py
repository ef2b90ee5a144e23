"""What each error of SQLite, or of SQLAlchemy, means here.

Source: SQLite's manual, "Result and Error Codes" (https://sqlite.org/rescode.html).
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from sqlalchemy import exc as toolkit

from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable

__all__ = ["DEFECT", "OF_CLASS", "OF_CODE", "Meaning"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error is in the project's own words.

    ``{file}`` stands for the state's file, ``{name}`` for SQLite's name of the error.
    """

    kind: type[AegisError]
    code: str
    message: str
    remedy: str


_LOCKED: Final = Meaning(
    StateUnavailable,
    "state_locked",
    "Another process keeps the state database {file} locked.",
    "Try again later; if it goes on, find and end the process that holds it.",
)
_FULL: Final = Meaning(
    StateUnavailable,
    "state_full",
    "There is no room left for the state database {file}.",
    "Make room on its disk, or move it to a larger one; nothing that was recorded is lost.",
)
_READ_OR_WRITE_FAILED: Final = Meaning(
    StateUnavailable,
    "state_io_error",
    "The state database {file} could not be read or written ({name}).",
    "See that its disk is there, not over its quota and not failing, and try again.",
)
_SHORT_OF_MEMORY: Final = Meaning(
    StateUnavailable,
    "state_short_of_memory",
    "There is not enough memory to work with the state database.",
    "Give the machine more memory, or run less beside this program.",
)
_BROKEN_OFF: Final = Meaning(
    StateUnavailable,
    "state_broke_off",
    "Work with the state database {file} was broken off ({name}).",
    "Try again.",
)
_READ_ONLY: Final = Meaning(
    StateMisfit,
    "state_read_only",
    "The state database {file} may only be read.",
    "Let this account write to the file and its folder, and mount the volume for writing.",
)
_CLOSED_OFF: Final = Meaning(
    StateMisfit,
    "state_cannot_open",
    "The state database {file} can't be opened.",
    "See that the folder is there, and that this account may write to the folder and the file.",
)
_DAMAGED: Final = Meaning(
    StateMisfit,
    "state_damaged",
    "The state database {file} is damaged ({name}).",
    "Put the file of a backup in its place, or start with a new one: days that are closed are"
    " known by whoever took their reports.",
)
_NO_DATABASE: Final = Meaning(
    StateMisfit,
    "state_no_database",
    "The file {file} is no SQLite database, or is damaged in its first bytes.",
    "Set AEGIS_STATE_URL to another file, or put the file of a backup in its place.",
)
_INTERNAL: Final = Meaning(
    StateMisfit,
    "state_internal_error",
    "SQLite reports an error inside itself ({name}).",
    "Check the file with the sqlite3 program (PRAGMA integrity_check), and use another version"
    " of SQLite if it is sound.",
)
# Not an error of the database: a fault of this program, told as one.
DEFECT: Final = None

# By the extended code, or by its last eight bits, which are the primary one.
OF_CODE: Final[dict[int, Meaning | None]] = {
    sqlite3.SQLITE_ERROR: DEFECT,
    sqlite3.SQLITE_INTERNAL: _INTERNAL,
    sqlite3.SQLITE_PERM: _CLOSED_OFF,
    sqlite3.SQLITE_ABORT: _BROKEN_OFF,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_NOMEM: _SHORT_OF_MEMORY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_INTERRUPT: _BROKEN_OFF,
    sqlite3.SQLITE_IOERR: _READ_OR_WRITE_FAILED,
    sqlite3.SQLITE_IOERR_SHORT_READ: _DAMAGED,
    sqlite3.SQLITE_IOERR_CORRUPTFS: _DAMAGED,
    sqlite3.SQLITE_IOERR_DATA: _DAMAGED,
    sqlite3.SQLITE_IOERR_NOMEM: _SHORT_OF_MEMORY,
    # The index of its log could not be made as long as it has to be.
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTFOUND: DEFECT,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: _CLOSED_OFF,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_EMPTY: DEFECT,
    # Another process changed the schema just then.
    sqlite3.SQLITE_SCHEMA: _BROKEN_OFF,
    sqlite3.SQLITE_TOOBIG: DEFECT,
    sqlite3.SQLITE_CONSTRAINT: DEFECT,
    sqlite3.SQLITE_MISMATCH: DEFECT,
    sqlite3.SQLITE_MISUSE: DEFECT,
    # The file has grown beyond what the system can hold.
    sqlite3.SQLITE_NOLFS: _FULL,
    sqlite3.SQLITE_AUTH: DEFECT,
    sqlite3.SQLITE_FORMAT: _DAMAGED,
    sqlite3.SQLITE_RANGE: DEFECT,
    sqlite3.SQLITE_NOTADB: _NO_DATABASE,
    sqlite3.SQLITE_NOTICE: DEFECT,
    sqlite3.SQLITE_WARNING: DEFECT,
}

# What comes without a code: found by the driver itself, or by SQLAlchemy.
OF_CLASS: Final[dict[type[Exception], Meaning | None]] = {
    # Text that is not UTF-8: no program like this one wrote it.
    sqlite3.OperationalError: _DAMAGED,
    sqlite3.Error: DEFECT,
    sqlite3.DatabaseError: DEFECT,
    sqlite3.DataError: DEFECT,
    sqlite3.IntegrityError: DEFECT,
    sqlite3.InterfaceError: DEFECT,
    sqlite3.InternalError: DEFECT,
    sqlite3.NotSupportedError: DEFECT,
    sqlite3.ProgrammingError: DEFECT,
    # All connections were in use for as long as one is waited for.
    toolkit.TimeoutError: _LOCKED,
    # SQLAlchemy was used wrongly, or wraps an error of the driver, which then decides.
    toolkit.SQLAlchemyError: DEFECT,
    # The folder, or the file, before SQLite is asked at all.
    PermissionError: _CLOSED_OFF,
    NotADirectoryError: _CLOSED_OFF,
    OSError: _READ_OR_WRITE_FAILED,
}
