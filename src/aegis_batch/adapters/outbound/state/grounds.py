"""What the state database stands on: a file of SQLite, or a database on a PostgreSQL server."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, Engine

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Ground", "Options"]

# For ``Connection.execution_options``: how a transaction begins.
Options = Mapping[str, object]


class Ground(Protocol):
    """What differs between the kinds of database: connections, locks, limits and errors."""

    @property
    def engine(self) -> Engine:
        """What makes connections; whatever begins on one has the limits of a writing turn."""
        ...

    @property
    def name(self) -> str:
        """What people call the database by; nothing of it is secret."""
        ...

    @property
    def file(self) -> "Path | None":
        """The file, where there is one."""
        ...

    @property
    def writing(self) -> Options:
        """How a turn begins that writes: after all others, until it has ended."""
        ...

    @property
    def beside(self) -> Options:
        """How a transaction begins that writes what no turn does, and waits for none."""
        ...

    @property
    def reading(self) -> Options:
        """How a look begins, which waits for nobody."""
        ...

    @property
    def migrating(self) -> Options:
        """How a change of the schema begins: as a turn does, with more time."""
        ...

    def make(self) -> None:
        """Make what a program can make where there is nothing yet.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        ...

    def refuse_missing(self) -> None:
        """Raise ``StateMisfit`` where it can be seen without a connection that there is nothing."""
        ...

    def telling(self) -> AbstractContextManager[None]:
        """Let no error of the driver out: what leaves is of the domain, or a defect."""
        ...

    def bounded(self, connection: Connection) -> AbstractContextManager[None]:
        """Bound the time of whatever is done on a connection."""
        ...
