"""Making the state database, and bringing it to the present schema."""

from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus, read_status

__all__ = ["migrate", "status"]


def status(database: StateDatabase) -> SchemaStatus:
    """Return where the schema stands; nothing is changed.

    Raises ``StateMisfit``, also where it is newer than this program or there is no file, and
    ``StateUnavailable``.
    """
    with database.on_any_schema(is_writing=False) as connection:
        return read_status(connection, database.name)


def migrate(database: StateDatabase) -> SchemaStatus:
    """Bring the schema to the newest, and return what it was; a file is made if it isn't there.

    All of it comes about or nothing does; of two that do so at once the second finds it done.
    A new file gets mode 0600, and its folder, if that is new, 0700. Raises what ``status`` raises.
    """
    database.make()
    with database.on_any_schema(is_writing=True) as connection:
        before = read_status(connection, database.name)
        if before.pending:
            # Alembic is needed here alone, and takes a while to import.
            from aegis_batch.adapters.outbound.state.migrating import upgrade  # noqa: PLC0415

            upgrade(connection)
    return before
