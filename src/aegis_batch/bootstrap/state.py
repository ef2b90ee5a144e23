"""Opens the state database, with the engine's own connections to the same file."""

# ruff: noqa: PLC0415 - few commands need it, and it takes a while to import

from typing import TYPE_CHECKING

from aegis_batch.bootstrap.identity import state_file
from aegis_batch.bootstrap.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus
    from aegis_batch.adapters.outbound.state.state import SqlState

__all__ = ["build_state", "make_ready", "open_database", "open_work_engine", "refuse_outdated"]


def open_database(settings: Settings, lock_wait_seconds: float = 10.0) -> "Iterator[StateDatabase]":
    """Yield the state database of the settings, and close it; nothing is opened before its use."""
    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.adapters.outbound.state.location import StateLocation

    database = StateDatabase(StateLocation(state_file(settings)), lock_wait_seconds)
    try:
        yield database
    finally:
        database.close()


def open_work_engine(settings: Settings, lock_wait_seconds: float = 10.0) -> "Iterator[Engine]":
    """Yield the durable engine's connections to the same file, and close them."""
    from aegis_batch.adapters.outbound.dbos.engine import open_engine
    from aegis_batch.adapters.outbound.state.location import StateLocation

    url = StateLocation(state_file(settings)).url
    engine = open_engine(url, lock_wait_seconds=lock_wait_seconds)
    try:
        yield engine
    finally:
        engine.dispose()


def build_state(database: "StateDatabase", engine: "Engine") -> "SqlState":
    """Return the state, whose turns take in work for the durable engine."""
    from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk
    from aegis_batch.adapters.outbound.state.state import SqlState

    return SqlState(database, DbosIntakeDesk(engine).intake_of)


def make_ready(database: "StateDatabase", engine: "Engine") -> "SchemaStatus":
    """Make the file if it isn't there, and bring both schemas in it up to date.

    Returns where its own schema stood before. Raises ``StateUnavailable`` and ``StateMisfit``.
    """
    from aegis_batch.adapters.outbound.dbos.engine import prepare_engine_tables
    from aegis_batch.adapters.outbound.state.schema import migrate

    before = migrate(database)
    prepare_engine_tables(engine)
    return before


def refuse_outdated(database: "StateDatabase") -> None:
    """Raise ``StateMisfit``, with the remedy, where the schema is not the one of this program."""
    with database.reading():
        pass
