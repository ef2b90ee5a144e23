"""The state, opened for a command: what people look at, and what they decide."""

# ruff: noqa: PLC0415 - a close by hand pays for what it uses alone

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.services import LedgerDesk, StateSchema
from aegis_batch.adapters.outbound.logs.metrics_sink import LogMetricsSink
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.firing import Firing
from aegis_batch.application.history import HistoryUseCase
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.timings import Timings
from aegis_batch.bootstrap.identity import operator, state_file
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.telemetry import set_up_logs
from aegis_batch.domain.calendar import Calendar
from aegis_batch.domain.errors import NoticeUndelivered
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.notice import Notice, NoticeKind

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.state.database import StateDatabase

__all__ = ["back_up_state", "migrate_state", "open_ledger_desk", "read_schema"]


class _LeftToServe:
    """Takes the notices that the settings have a receiver for; ``serve`` delivers them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def takes(self, kind: NoticeKind) -> bool:
        if kind is NoticeKind.MESSAGE:
            return self._settings.notify_url is not None
        return self._settings.heartbeat_url is not None

    def deliver(self, notice: Notice) -> None:
        raise NoticeUndelivered(
            "not_serving", f"A command does not deliver {notice.key}.", "Leave it to serve."
        )


@contextmanager
def open_ledger_desk(
    environ: Mapping[str, str] | None, clock: Clock, identifiers: Identifiers
) -> Iterator[LedgerDesk]:
    """Yield what the commands on the ledger work with; nothing is launched.

    Work is queued by the engine's intake alone, so that a process that serves is not disturbed.
    """
    from aegis_batch.adapters.outbound.dbos.engine import open_engine
    from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk
    from aegis_batch.adapters.outbound.state.state import SqlState

    settings = _settings(environ)
    zone = settings.timezone
    calendar = Calendar(load_zone(zone), zone, settings.day_start)
    with _database(settings) as database:
        engine = open_engine(f"sqlite:///{database.file}")
        state = SqlState(database, DbosIntakeDesk(engine).intake_of)
        ledger = Ledger(state, clock, LogMetricsSink(), _LeftToServe(settings))
        timings = Timings(SystemCron())
        catch_up = timedelta(days=settings.catch_up_days)
        firing = Firing(timings, identifiers, Expectation(calendar, catch_up, settings.close_from))
        try:
            yield LedgerDesk(
                history=HistoryUseCase(state),
                schedules=ScheduleControl(ledger, timings, firing),
                dead_letters=DeadLetterDecisions(ledger, identifiers),
                operator=operator(settings),
                calendar=Clockface(calendar.zone, zone),
                clockface_of=lambda name: Clockface(load_zone(name), name),
            )
        finally:
            engine.dispose()


def read_schema(environ: Mapping[str, str] | None) -> StateSchema:
    """Return where the schema of the state database stands."""
    from aegis_batch.adapters.outbound.state.schema import status

    with _database(_settings(environ)) as database:
        found = status(database)
        return StateSchema(database.file, found.revision, found.head, found.pending)


def migrate_state(environ: Mapping[str, str] | None) -> StateSchema:
    """Bring the schema of the state up to date, the engine's tables too; return what it was."""
    from aegis_batch.adapters.outbound.dbos.engine import open_engine, prepare_engine_tables
    from aegis_batch.adapters.outbound.state.schema import migrate

    with _database(_settings(environ)) as database:
        before = migrate(database)
        engine = open_engine(f"sqlite:///{database.file}")
        try:
            prepare_engine_tables(engine)
        finally:
            engine.dispose()
        return StateSchema(database.file, before.revision, before.head, before.pending)


def back_up_state(environ: Mapping[str, str] | None, target: Path) -> None:
    """Copy the state into a new file."""
    from aegis_batch.adapters.outbound.state.backup import backup

    with _database(_settings(environ)) as database:
        backup(database, target)


def _settings(environ: Mapping[str, str] | None) -> Settings:
    settings = load_settings(environ)
    set_up_logs(settings.log_level, settings.log_format)
    return settings


@contextmanager
def _database(settings: Settings) -> "Iterator[StateDatabase]":
    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.adapters.outbound.state.location import StateLocation

    database = StateDatabase(StateLocation(state_file(settings)))
    try:
        yield database
    finally:
        database.close()
