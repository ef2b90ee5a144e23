"""Making the state database, and bringing it to the present schema."""

import os
from pathlib import Path

from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.errors import translate
from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus, read_status

__all__ = ["migrate", "status"]


def status(database: StateDatabase) -> SchemaStatus:
    """Return where the schema stands; nothing is changed.

    Raises ``StateMisfit``, also where it is newer than this program or there is no file, and
    ``StateUnavailable``.
    """
    with database.on_any_schema(is_writing=False) as connection:
        return read_status(connection, database.file)


def migrate(database: StateDatabase) -> SchemaStatus:
    """Make the file if it isn't there, bring its schema to the newest, and return what it was.

    All of it comes about or nothing does; of two that do so at once the second finds it done.
    The file gets mode 0600, and its folder, if that is new, 0700. Raises what ``status`` raises.
    """
    try:
        _make(database.file)
    except OSError as error:
        raise translate(error, database.file) from error
    with database.on_any_schema(is_writing=True) as connection:
        before = read_status(connection, database.file)
        if before.pending:
            # Alembic is needed here alone, and takes a while to import.
            from aegis_batch.adapters.outbound.state.migrating import upgrade  # noqa: PLC0415

            upgrade(connection)
    return before


def _make(file: Path) -> None:
    missing = [folder for folder in file.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
