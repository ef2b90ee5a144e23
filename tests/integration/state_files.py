"""State databases for tests: files of a test's own, already of the present schema."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, text

from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.schema import migrate
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.work_queue import Work

__all__ = ["StateFiles", "TableIntake", "make_template"]


def make_template(folder: Path) -> Path:
    """Return a migrated file without anything in it, to be copied: faster than to migrate."""
    file = folder / "template.db"
    database = StateDatabase(StateLocation(file))
    migrate(database)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE queued (id TEXT PRIMARY KEY)"))
    database.close()
    return file


class TableIntake:
    """An intake of work that has a table in the same file, as the engine's has."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(self, work: Work) -> None:
        self._execute("INSERT INTO queued VALUES (:id) ON CONFLICT DO NOTHING", work.id)

    def withdraw(self, work_id: str) -> None:
        self._execute("DELETE FROM queued WHERE id = :id", work_id)

    def holders(self) -> Collection[str]:
        """Nothing in this table is ever begun."""
        return set()

    def take_back(self, executors: Collection[str]) -> Mapping[str, int]:
        del executors
        return {}

    def _execute(self, statement: str, work_id: str) -> None:
        self._connection.execute(text(statement), {"id": work_id})


@dataclass
class StateFiles:
    """Opens databases on copies of a template, and closes them all."""

    template: Path
    folder: Path
    opened: list[StateDatabase] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The one file that the test has."""
        return self.folder / "state.db"

    def open(self, busy_timeout_seconds: float = 10.0) -> StateDatabase:
        """Open the test's file, which is made where it isn't there."""
        if not self.file.exists():
            shutil.copyfile(self.template, self.file)
        database = StateDatabase(StateLocation(self.file), busy_timeout_seconds)
        self.opened.append(database)
        return database

    def open_state(self, busy_timeout_seconds: float = 10.0) -> SqlState:
        """Open the test's file as a state."""
        return SqlState(self.open(busy_timeout_seconds), TableIntake)

    def queued(self) -> list[str]:
        """Return the ids in the intake's table."""
        with self.open().reading() as connection:
            return list(connection.execute(text("SELECT id FROM queued ORDER BY id")).scalars())

    def close(self) -> None:
        """Close whatever was opened."""
        for database in self.opened:
            database.close()
