"""Which revision a state database has, found without Alembic."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from aegis_batch.adapters.outbound.state.revisions import HEAD, REVISIONS, VERSION_TABLE
from aegis_batch.domain.errors import StateMisfit

__all__ = ["SchemaStatus", "read_status", "refuse_unless_current"]


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a schema stands: its revision, the newest one, and those still to come, in order.

    ``revision`` is ``None`` where nothing has been made yet.
    """

    revision: str | None
    head: str
    pending: tuple[str, ...]


def read_status(connection: Connection, file: Path) -> SchemaStatus:
    """Return where the schema stands.

    Raises ``StateMisfit`` where it is newer than this program, or somebody else's.
    """
    inspector = inspect(connection)
    if not inspector.has_table(VERSION_TABLE):
        if inspector.get_table_names():
            raise _not_ours(file)
        return SchemaStatus(None, HEAD, REVISIONS)
    # The table's name is a constant of ours.
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()  # noqa: S608
    if len(found) != 1:
        raise _not_ours(file)
    [revision] = found
    if revision not in REVISIONS:
        raise StateMisfit(
            "state_newer",
            f"The state database {file} has the schema {revision}, which is newer than this"
            f" program: it knows {HEAD} at most.",
            "Use the version of the program that made it, or a later one; or put a backup from"
            " before in its place.",
        )
    return SchemaStatus(revision, HEAD, REVISIONS[REVISIONS.index(revision) + 1 :])


def refuse_unless_current(connection: Connection, file: Path) -> None:
    """Raise ``StateMisfit`` unless the schema is just the one that this program knows."""
    status = read_status(connection, file)
    if status.pending:
        raise StateMisfit(
            "state_not_migrated",
            f"The state database {file} has not got the schema of this program yet.",
            "Run: aegis-batch state migrate",
        )


def _not_ours(file: Path) -> StateMisfit:
    return StateMisfit(
        "state_not_ours",
        f"The database {file} was not made by this program.",
        "Set AEGIS_STATE_URL to a file of its own.",
    )
