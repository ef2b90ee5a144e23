"""Opens the state database, with the engine's own connections to it."""

# ruff: noqa: PLC0415 - few commands need it, and it takes a while to import

from typing import TYPE_CHECKING

from aegis_batch.bootstrap.identity import state_location
from aegis_batch.bootstrap.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus
    from aegis_batch.adapters.outbound.state.state import SqlState

__all__ = ["build_state", "make_ready", "open_database", "open_work_engine", "refuse_outdated"]

_FROZEN_SECONDS_MAX = 5.0
_FROZEN_A_LEASE = 3
# Who serves waits for a lock a quarter of it.
_FROZEN_A_WATCHDOG = 8


def open_database(settings: Settings, lock_wait_seconds: float = 10.0) -> "Iterator[StateDatabase]":
    """Yield the state database of the settings, and close it; nothing is opened before its use."""
    from aegis_batch.adapters.outbound.state.database import StateDatabase

    database = StateDatabase(
        state_location(settings),
        lock_wait_seconds,
        _connect_seconds(settings),
        _frozen_seconds(settings),
    )
    try:
        yield database
    finally:
        database.close()


def open_work_engine(settings: Settings, lock_wait_seconds: float = 10.0) -> "Iterator[Engine]":
    """Yield the durable engine's connections to the same database, and close them."""
    from aegis_batch.adapters.outbound.dbos.engine import open_engine

    engine = open_engine(
        state_location(settings).url,
        lock_wait_seconds=lock_wait_seconds,
        connect_seconds=_connect_seconds(settings),
        frozen_seconds=_frozen_seconds(settings),
    )
    try:
        yield engine
    finally:
        engine.dispose()


def _connect_seconds(settings: Settings) -> float:
    # Whoever waits for a server must be done before the watchdog takes it for hung.
    return min(settings.db_connect_seconds, settings.watchdog_seconds / 4)


def _frozen_seconds(settings: Settings) -> float:
    # A small part of the lease, since all stand still meanwhile; and half of what any process waits
    # for a lock, at most.
    return min(
        _FROZEN_SECONDS_MAX,
        settings.executor_lease_seconds / _FROZEN_A_LEASE,
        settings.watchdog_seconds / _FROZEN_A_WATCHDOG,
    )


def build_state(
    database: "StateDatabase", engine: "Engine", now: "Callable[[], datetime] | None" = None
) -> "SqlState":
    """Return the state, whose turns take in work for the durable engine."""
    from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk
    from aegis_batch.adapters.outbound.state.state import SqlState

    intake_of = DbosIntakeDesk(engine).intake_of
    return SqlState(database, intake_of) if now is None else SqlState(database, intake_of, now)


def make_ready(database: "StateDatabase", engine: "Engine") -> "SchemaStatus":
    """Make the state if it isn't there, and bring both schemas in it up to date.

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
