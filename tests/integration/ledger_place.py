"""A folder with a state of its own, filled by the program's parts and asked by its commands."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.system import identifiers
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.firing import Firing
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.timings import Timings
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.state import build_state, make_ready, open_database, open_work_engine
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from tests.integration.program import Ended, run

__all__ = ["DAILY", "ZONE", "LedgerPlace"]

ZONE = "America/Sao_Paulo"
DAILY = Schedule(
    "daily-close",
    JobKind.NIGHT,
    Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone=ZONE),
    newest_only=True,
)
_PROBLEM = Problem(
    "conflict", "The Backend holds\x1b[2J another.", "Settle it there.", retryable=False
)


@dataclass(frozen=True)
class LedgerPlace:
    """A folder, and a state in it."""

    folder: Path

    @property
    def file(self) -> Path:
        """The file that holds the state."""
        return self.folder / "state.db"

    @property
    def settings(self) -> dict[str, str]:
        """What the program is set to; it needs neither orders nor a Backend."""
        return {"AEGIS_STATE_URL": StateLocation(self.file).url, "AEGIS_OPERATOR": "maria"}

    def tell(self, *arguments: str, **settings: str) -> Ended:
        """Run the program to its end."""
        return run(arguments, {**self.settings, **settings}, self.folder)

    def make(self, template: Path) -> None:
        """Take a state that was made before."""
        shutil.copyfile(template, self.file)

    def prepare(self) -> None:
        """Make the state, without anything in it."""
        settings = load_settings(self.settings)
        with (
            contextmanager(open_database)(settings) as database,
            contextmanager(open_work_engine)(settings) as engine,
        ):
            make_ready(database, engine)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Open the ledger within this process."""
        settings = load_settings(self.settings)
        with ExitStack() as stack:
            database = stack.enter_context(contextmanager(open_database)(settings))
            engine = stack.enter_context(contextmanager(open_work_engine)(settings))
            state = build_state(database, engine)
            yield Ledger(state, SystemClock(), InMemoryMetricsSink(), InMemoryNotifier())

    def schedule(self, schedules: Sequence[Schedule]) -> None:
        """Make the schedules, as a process that serves would."""
        calendar = Calendar(load_zone(ZONE), ZONE)
        expectations = Expectations(
            Expectation(calendar, timedelta(days=7)), InMemoryCalendars(calendar)
        )
        timings = Timings(SystemCron())
        with self.ledger() as ledger:
            firing = Firing(timings, identifiers, expectations)
            ScheduleControl(ledger, timings, firing).sync(schedules)

    def bury(self, *days: date) -> list[str]:
        """Have closes of days fail for good, and return the ids of their runs."""
        with self.ledger() as ledger, ledger.turn() as turn:
            dead = []
            for day in days:
                run_id = identifiers.new_run_id()
                record = RunRecord(
                    id=run_id,
                    trace_id=identifiers.new_trace_id(),
                    job=JobKind.CLOSE,
                    key=CloseKey("default", Period(PeriodKind.DAY, day)),
                    trigger=Trigger.NIGHT,
                    requested_by="scheduler",
                    state=RunState.RUNNING,
                    work_id=f"{run_id}#1",
                    enqueued_at=turn.now,
                    due_at=turn.now,
                    attempt=1,
                    started_at=turn.now,
                    executor="machine-1",
                )
                turn.state.runs.add(record)
                turn.bury(replace(record, attempt=1), Outcome.CONFLICT, _PROBLEM)
                dead.append(run_id)
        return dead

    def queued(self) -> list[str]:
        """Return the ids of the work that the engine holds."""
        with closing(sqlite3.connect(self.file)) as connection:
            rows = connection.execute("SELECT workflow_uuid FROM workflow_status ORDER BY 1")
            return [row[0] for row in rows]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the state as a process would that never ends its transaction."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
