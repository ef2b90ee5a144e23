"""The state, opened for a command: what people look at, and what they decide."""

# ruff: noqa: PLC0415 - a close by hand pays for what it uses alone

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.services import LedgerDesk, StateSchema
from aegis_batch.adapters.outbound.logs.metrics_sink import LogMetricsSink
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.backfill_control import BackfillControl
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.firing import Firing
from aegis_batch.application.history import HistoryUseCase
from aegis_batch.application.job_starting import JobStarting
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.stats import StatsUseCase
from aegis_batch.application.timings import Timings
from aegis_batch.bootstrap.calendars import calendars_of, expectations_of
from aegis_batch.bootstrap.identity import operator
from aegis_batch.bootstrap.job_parts import build_job_parts
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.services_file import service_names
from aegis_batch.bootstrap.settings import LogLevel, Settings
from aegis_batch.bootstrap.state import build_state, make_ready, open_database, open_work_engine
from aegis_batch.bootstrap.telemetry import set_up_logs
from aegis_batch.bootstrap.tenants import whose_jobs, zone_of_tenants
from aegis_batch.domain.errors import NoticeUndelivered
from aegis_batch.domain.notice import Notice, NoticeKind

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.adapters.outbound.state.present_schema import SchemaStatus

__all__ = ["LeftToServe", "back_up_state", "migrate_state", "open_ledger_desk", "read_schema"]

_database = contextmanager(open_database)
_work_engine = contextmanager(open_work_engine)


class LeftToServe:
    """Takes the notices that the settings have a receiver for; ``serve`` delivers them."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings that name the receivers."""
        self._settings = settings

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether the settings name somewhere to send this kind."""
        if kind is NoticeKind.MESSAGE:
            return self._settings.notify_url is not None
        return self._settings.heartbeat_url is not None

    def deliver(self, notice: Notice) -> None:
        """Refuse: a command does not wait for receivers."""
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
    settings = _settings(environ)
    calendars = calendars_of(settings)
    calendar = calendars.of(None)
    with _database(settings) as database, _work_engine(settings) as engine:
        state = build_state(database, engine)
        ledger = Ledger(state, clock, LogMetricsSink(), LeftToServe(settings))
        timings = Timings(SystemCron())
        expectations = expectations_of(settings, calendars)
        starting = JobStarting(identifiers, expectations, settings.jobs_waiting_max)
        firing = Firing(timings, identifiers, expectations, whose_jobs(settings), starting)
        parts = build_job_parts(
            ledger=ledger,
            state=state,
            timings=timings,
            firing=firing,
            starting=starting,
            identifiers=identifiers,
            expectations=expectations,
            services=service_names(settings),
            zone_of=zone_of_tenants(settings),
            several_tenants=settings.has_several_tenants,
        )
        yield LedgerDesk(
            history=HistoryUseCase(state),
            schedules=ScheduleControl(ledger, timings, firing),
            dead_letters=DeadLetterDecisions(ledger, identifiers),
            stats=StatsUseCase(state, clock, calendar, settings.prices),
            chains=ChainCheckUseCase(state),
            backfills=BackfillControl(ledger, Backfilling(identifiers, settings.shard_tenants)),
            jobs=parts.control,
            job_pauses=parts.pauses,
            job_starts=parts.starts,
            job_views=parts.views,
            operator=operator(settings),
            calendar=Clockface(calendar.zone, calendar.zone_name),
            clockface_of=lambda name: Clockface(load_zone(name), name),
        )


def read_schema(environ: Mapping[str, str] | None) -> StateSchema:
    """Return where the schema of the state database stands."""
    from aegis_batch.adapters.outbound.state.schema import status

    with _database(_settings(environ)) as database:
        return _schema(database, status(database))


def migrate_state(environ: Mapping[str, str] | None) -> StateSchema:
    """Bring the schemas in the state database up to date, and return how it was before."""
    settings = _settings(environ)
    with _database(settings) as database, _work_engine(settings) as engine:
        return _schema(database, make_ready(database, engine))


def back_up_state(environ: Mapping[str, str] | None, target: Path) -> None:
    """Copy the state into a new file."""
    from aegis_batch.adapters.outbound.state.backup import backup

    with _database(_settings(environ)) as database:
        backup(database, target)


def _settings(environ: Mapping[str, str] | None) -> Settings:
    # The orders' database for the tenants in it, where there are several.
    settings = load_settings(environ, from_vault=("state_url", "database_url"))
    # What they log as they go they also answer, on standard output: to people it would be noise.
    is_wanted = "log_level" in settings.model_fields_set
    set_up_logs(settings.log_level if is_wanted else LogLevel.WARNING, settings.log_format)
    return settings


def _schema(database: "StateDatabase", status: "SchemaStatus") -> StateSchema:
    return StateSchema(
        database.name,
        status.revision,
        status.head,
        status.pending,
        is_file=database.is_file,
    )
