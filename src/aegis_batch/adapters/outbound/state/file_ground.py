"""The state in a file of SQLite."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.state.errors import DRIVER_ERRORS, translate
from aegis_batch.adapters.outbound.state.opening import READING, open_engine
from aegis_batch.domain.errors import StateMisfit

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from aegis_batch.adapters.outbound.state.grounds import Options

__all__ = ["FileGround"]


class FileGround:
    """A file; see ``Ground``."""

    def __init__(self, file: Path, lock_seconds: float) -> None:
        """Take where it is, and how long a lock is waited for; nothing is opened yet."""
        self.file = file
        self.name = str(file)
        self.engine = open_engine(file, lock_seconds)
        self.writing: Options = {}
        self.beside: Options = {}
        self.reading: Options = READING
        self.migrating: Options = {}

    def make(self) -> None:
        """Make the file for this account alone, and the folders that it needs."""
        try:
            missing = [folder for folder in self.file.parents if not folder.exists()]
            for folder in reversed(missing):
                folder.mkdir(mode=0o700, exist_ok=True)
            os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise translate(error, self.file) from error

    def refuse_missing(self) -> None:
        """Raise ``StateMisfit`` where there is no file."""
        try:
            self.file.stat()
        except FileNotFoundError:
            raise StateMisfit(
                "state_missing",
                f"There is no state database at {self.file}.",
                "Make it with aegis-batch state migrate, or set AEGIS_STATE_URL to where it is.",
            ) from None
        except OSError as error:
            raise translate(error, self.file) from error

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Let no error of the driver out."""
        try:
            yield
        except DRIVER_ERRORS as error:
            raise translate(error, self.file) from error

    @contextmanager
    def bounded(self, connection: "Connection") -> Iterator[None]:
        """Do nothing: no statement waits but for the lock."""
        del connection
        yield
