"""A copy of the state database, made while it is in use."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import cast

from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.errors import translate
from aegis_batch.domain.errors import InvalidRequest, StateUnavailable

__all__ = ["backup"]

_PAGES_AT_ONCE = 1024


def backup(database: StateDatabase, target: Path, time_limit_seconds: float = 300.0) -> None:
    """Copy the database as it is at one moment, into a new file of mode 0600.

    Nobody who uses it has to wait. The target is there whole or not at all. Raises
    ``InvalidRequest`` where it exists or can't be made, or the state is in no file, ``StateMisfit``
    and ``StateUnavailable``.
    """
    if not database.is_file:
        raise _no_file(database.name)
    target = target.absolute()
    part = target.with_name(f".{target.name}.part-{os.getpid()}")
    try:
        with suppress(FileNotFoundError):
            # Of an earlier process with the same number, which was killed.
            part.unlink()
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise _unusable(target) from error
    try:
        _copy(database, part, target, time_limit_seconds)
        # Unlike a rename, a link replaces nothing.
        os.link(part, target)
    except FileExistsError as error:
        raise InvalidRequest(
            "backup_exists",
            f"There is a file {target} already.",
            "Name another file: a backup is never written over.",
        ) from error
    except OSError as error:
        raise _unusable(target) from error
    finally:
        part.unlink(missing_ok=True)


def _copy(database: StateDatabase, part: Path, target: Path, time_limit_seconds: float) -> None:
    deadline = time.monotonic() + time_limit_seconds

    def mind_the_time(status: int, remaining: int, total: int) -> None:
        del status, remaining, total
        if time.monotonic() > deadline:
            raise StateUnavailable(
                "backup_took_too_long",
                f"To copy the state database took more than {time_limit_seconds:g} seconds.",
                "Try again later, or copy to a faster disk.",
            )

    with database.on_any_schema(is_writing=False) as connection:
        source = cast("sqlite3.Connection", connection.connection.driver_connection)
        try:
            # From its first reading on a transaction sees one moment, whatever is written since.
            source.execute("PRAGMA schema_version").fetchone()
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                source.backup(copy, pages=_PAGES_AT_ONCE, progress=mind_the_time, sleep=0)
                # One file is the whole of it, without a log beside it.
                copy.execute("PRAGMA journal_mode = DELETE")
                [found] = copy.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            translated = translate(error, database.file)
            # There was no room, or the like, where the copy is made.
            is_of_copy = isinstance(translated, StateUnavailable)
            raise translate(error, target) if is_of_copy else translated from error
    if found != "ok":
        raise translate(_damaged(), database.file)


def _damaged() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError()
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


def _no_file(name: str) -> InvalidRequest:
    return InvalidRequest(
        "state_is_no_file",
        f"The state database {name} is on a server, and no file to be copied.",
        "Use pg_dump, or the backups of whoever runs the server.",
    )


def _unusable(target: Path) -> InvalidRequest:
    return InvalidRequest(
        "backup_not_writable",
        f"The file {target} can't be made.",
        "Name a file in a folder that is there, on a file system with links, where this account"
        " may write.",
    )
