"""Which revision a state database has, found without Alembic."""

from dataclasses import dataclass

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


def read_status(connection: Connection, name: str) -> SchemaStatus:
    """Return where the schema stands.

    Raises ``StateMisfit`` where it is newer than this program, or somebody else's.
    """
    inspector = inspect(connection)
    if not inspector.has_table(VERSION_TABLE):
        if inspector.get_table_names():
            raise _not_ours(name)
        return SchemaStatus(None, HEAD, REVISIONS)
    # The table's name is a constant of ours.
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()  # noqa: S608
    if len(found) != 1:
        raise _not_ours(name)
    [revision] = found
    if revision not in REVISIONS:
        raise StateMisfit(
            "state_newer",
            f"The state database {name} has the schema {revision}, which is newer than this"
            f" program: it knows {HEAD} at most.",
            "Use the version of the program that made it, or a later one; or put a backup from"
            " before in its place.",
        )
    return SchemaStatus(revision, HEAD, REVISIONS[REVISIONS.index(revision) + 1 :])


def refuse_unless_current(connection: Connection, name: str) -> None:
    """Raise ``StateMisfit`` unless the schema is just the one that this program knows."""
    status = read_status(connection, name)
    if status.revision is None and connection.dialect.name == "postgresql":
        # As a file that isn't there: whoever may make one makes this, too.
        raise StateMisfit(
            "state_missing",
            f"There is no state in the database {name} yet.",
            "Make it with aegis-batch state migrate, or set AEGIS_STATE_URL to where it is.",
        )
    if status.pending:
        raise StateMisfit(
            "state_not_migrated",
            f"The state database {name} has not got the schema of this program yet.",
            "Run: aegis-batch state migrate",
        )


def _not_ours(name: str) -> StateMisfit:
    return StateMisfit(
        "state_not_ours",
        f"The database {name} was not made by this program.",
        "Set AEGIS_STATE_URL to a file, or a database, of its own.",
    )
