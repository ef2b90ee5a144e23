"""Making the tables of reports, and telling which revision of their schema a database has."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from aegis_batch.adapters.outbound.postgres.derived.migrations import HEAD, MIGRATIONS
from aegis_batch.adapters.outbound.postgres.derived.tables import (
    VERSION_TABLE,
    report_items,
    reports,
    schema_version,
)
from aegis_batch.domain.errors import BackendRefused

__all__ = ["ReportsSchemaStatus", "migrate", "read_status", "refuse_unless_current"]

# Any number will do that no other program picks for its locks.
_MIGRATION_LOCK = 0x41454749_53525054


@dataclass(frozen=True, slots=True)
class ReportsSchemaStatus:
    """Where a schema stands: its revision, the newest one, and those still to come, in order.

    ``revision`` is ``None`` where nothing has been made yet.
    """

    revision: str | None
    head: str
    pending: tuple[str, ...]


def read_status(connection: Connection) -> ReportsSchemaStatus:
    """Return where the schema stands.

    Raises ``BackendRefused`` where it is newer than this program, or somebody else's.
    """
    if not _exists(connection, VERSION_TABLE):
        taken = [table.name for table in (reports, report_items) if _exists(connection, table.name)]
        if taken:
            raise _not_ours(taken)
        return ReportsSchemaStatus(None, HEAD, tuple(MIGRATIONS))
    found = connection.execute(sa.select(schema_version.c.version_num)).scalars().all()
    if len(found) != 1:
        raise _not_ours([VERSION_TABLE])
    [revision] = found
    if revision not in MIGRATIONS:
        raise BackendRefused(
            "reports_newer",
            "The reports' database has a schema that is newer than this program, which knows"
            f" {HEAD} at most.",
            "Use the version of the program that made it, or a later one.",
        )
    known = tuple(MIGRATIONS)
    return ReportsSchemaStatus(revision, HEAD, known[known.index(revision) + 1 :])


def refuse_unless_current(connection: Connection) -> None:
    """Raise ``BackendRefused`` unless the schema is just the one that this program knows."""
    if read_status(connection).pending:
        raise BackendRefused(
            "reports_not_migrated",
            "The reports' database has not got the tables of this program yet.",
            "Run: aegis-batch reports migrate",
        )


def migrate(connection: Connection) -> ReportsSchemaStatus:
    """Bring the schema to its newest revision, and return what it was.

    Within the connection's transaction: all of it comes about or nothing does, and of two that do
    so at once the second finds it done.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    before = read_status(connection)
    for revision in before.pending:
        for statement in MIGRATIONS[revision]:
            connection.exec_driver_sql(statement)
        connection.execute(sa.update(schema_version).values(version_num=revision))
    return before


def _exists(connection: Connection, table_name: str) -> bool:
    # By the search path, as the statements that use it do.
    return connection.execute(sa.select(sa.func.to_regclass(table_name))).scalar() is not None


def _not_ours(table_names: list[str]) -> BackendRefused:
    return BackendRefused(
        "reports_not_ours",
        f"The reports' database has a table {' and '.join(table_names)} that this program did not"
        " make.",
        "Name a database of its own in AEGIS_REPORTS_URL, or a schema of its own by"
        " ALTER ROLE ... SET search_path.",
    )
