"""The services of the commands on the ledger, over a state in memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aegis_batch.adapters.inbound.cli.app import run
from aegis_batch.adapters.inbound.cli.moments import Clockface
from aegis_batch.adapters.inbound.cli.services import (
    LedgerDesk,
    ProvingDesk,
    ReportsSchema,
    StateSchema,
)
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.backfill_control import BackfillControl
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.firing import Firing
from aegis_batch.application.history import HistoryUseCase
from aegis_batch.application.job_starting import JobStarting
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.proving import ProveUseCase
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.stats import StatsUseCase
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.application.timings import Timings
from aegis_batch.bootstrap.job_parts import build_job_parts
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.run_statistics import Prices
from aegis_batch.domain.schedule import Schedule, ScheduleKind, Timing
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.verification import Verdict, Verification
from tests.unit.adapters.inbound.cli.unbuilt_services import UnbuiltServices

ZONE = "America/Sao_Paulo"
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
DAY = date(2026, 11, 21)
SEAL = Seal(
    window=Window(
        day=DAY,
        start=datetime(2026, 11, 21, 3, tzinfo=UTC),
        end=datetime(2026, 11, 22, 3, tzinfo=UTC),
        wall_start=datetime(2026, 11, 21),  # noqa: DTZ001 - a wall reading
        wall_end=datetime(2026, 11, 22),  # noqa: DTZ001 - a wall reading
    ),
    orders_read=1234,
    lines_read=5678,
    items_sold=Decimal("12345678901234567890.50"),
    distinct_items=9,
    totals_digest="sha256:aa",
    body_digest="sha256:bb",
    snapshot="1:2:",
    read_at=NOW,
    versions=Versions("1.2.3", "2026.1", "15.0"),
)
DAILY = Schedule(
    "daily-close",
    JobKind.NIGHT,
    Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone=ZONE),
    newest_only=True,
)
KEPT = ReportsSchema("db.example:5432/reports", "0001", "0001", ())
CURRENT = StateSchema("/data/state.db", "0001", "0001", ())
PROBLEM = Problem(
    "conflict", "Another report\x1b[2J is there.", "Settle it there.", retryable=False
)


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output; nothing stands beside it."""
        (line,) = self.out.splitlines()
        assert self.err == ""
        told: dict[str, Any] = json.loads(line)
        return told


@dataclass
class Verifier:
    """Says of every period what it was told to, or fails."""

    verdict: Verdict = Verdict.EQUAL
    problem: Problem | None = None
    fault: AegisError | None = None
    keeper: ReportKeeper = ReportKeeper.BACKEND

    def verify(self, key: CloseKey, zone_name: str | None) -> Verification:
        """Say it; see the Protocol."""
        del zone_name
        if self.fault is not None:
            raise self.fault
        return Verification(
            key=key,
            verdict=self.verdict,
            seal_digest="sha256:00",
            verified_at=NOW,
            problem=self.problem,
            keeper=self.keeper,
        )


@dataclass
class LedgerServices(UnbuiltServices):
    """Services whose state is in memory, with one error to raise when it is opened."""

    captured: pytest.CaptureFixture[str]
    clock: InMemoryClock = field(default_factory=lambda: InMemoryClock(NOW))
    queue: InMemoryWorkQueue = field(default_factory=InMemoryWorkQueue)
    fault: AegisError | Exception | None = None
    schema: StateSchema = CURRENT
    kept: ReportsSchema = KEPT
    backups: list[Path] = field(default_factory=list)
    verifier: Verifier = field(default_factory=Verifier)
    keeper: ReportKeeper = ReportKeeper.BACKEND
    choice: TenantChoice = field(default_factory=lambda: TenantChoice(None))
    several_tenants: bool = False

    def __post_init__(self) -> None:
        """Build what the commands work with."""
        self.state = InMemoryState(self.queue)
        self.identifiers = InMemoryIdentifiers()
        self.ledger = Ledger(self.state, self.clock, InMemoryMetricsSink(), InMemoryNotifier())
        timings = Timings(SystemCron())
        calendar = Calendar(load_zone(ZONE), ZONE)
        expectations = Expectations(
            Expectation(calendar, timedelta(days=7)), InMemoryCalendars(calendar)
        )
        self.firing = Firing(timings, self.identifiers, expectations)
        self.backfilling = Backfilling(self.identifiers)
        self.control = ScheduleControl(self.ledger, timings, self.firing)
        self.parts = build_job_parts(
            ledger=self.ledger,
            state=self.state,
            timings=timings,
            firing=self.firing,
            starting=JobStarting(self.identifiers, expectations),
            identifiers=self.identifiers,
            expectations=expectations,
            services={"backup-service", "resultados", "notificacoes", "auditoria", "financeiro"},
            zone_of=lambda _: None,
            several_tenants=self.several_tenants,
        )

    def tenants(self) -> TenantChoice:
        return self.choice

    @contextmanager
    def ledger_desk(self) -> Iterator[LedgerDesk]:
        self._fail()
        yield LedgerDesk(
            history=HistoryUseCase(self.state),
            schedules=self.control,
            dead_letters=DeadLetterDecisions(self.ledger, self.identifiers),
            stats=StatsUseCase(
                self.state,
                self.clock,
                Calendar(load_zone(ZONE), ZONE),
                Prices(Decimal("0.00001"), Decimal("0.000002")),
            ),
            chains=ChainCheckUseCase(self.state),
            backfills=BackfillControl(self.ledger, self.backfilling),
            jobs=self.parts.control,
            job_pauses=self.parts.pauses,
            job_starts=self.parts.starts,
            job_views=self.parts.views,
            operator="maria",
            calendar=Clockface(load_zone(ZONE), ZONE),
            clockface_of=lambda name: Clockface(load_zone(name), name),
        )

    @contextmanager
    def proving(self) -> Iterator[ProvingDesk]:
        self._fail()
        chains = ChainCheckUseCase(self.state)
        yield ProvingDesk(
            use_case=ProveUseCase(self.state, chains, self.verifier, self.clock),
            calendar=Clockface(load_zone(ZONE), ZONE),
            keeper=self.keeper,
        )

    def state_schema(self) -> StateSchema:
        self._fail()
        return self.schema

    def reports_schema(self) -> ReportsSchema:
        self._fail()
        return self.kept

    def migrate_reports(self) -> ReportsSchema:
        self._fail()
        return self.kept

    def migrate_state(self) -> StateSchema:
        self._fail()
        return self.schema

    def back_up_state(self, target: Path) -> None:
        self._fail()
        self.backups.append(target)

    def tell(self, *arguments: str) -> Told:
        """Carry out a command line."""
        self.captured.readouterr()
        status = run(arguments, self)
        captured = self.captured.readouterr()
        return Told(status, captured.out, captured.err)

    def keep(self, record: RunRecord) -> RunRecord:
        """Keep a run in the ledger."""
        with self.state.turn() as turn:
            turn.runs.add(record)
        return record

    def bury(self, run_id: str, day: date = DAY, tenant: str = "default") -> None:
        """Have a run fail for good."""
        running = replace(record_of(run_id, day, tenant), state=RunState.RUNNING, attempt=2)
        self.keep(running)
        with self.ledger.turn() as turn:
            turn.bury(running, Outcome.CONFLICT, PROBLEM)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


def record_of(run_id: str, day: date = DAY, tenant: str = "default") -> RunRecord:
    """Return a run of a close that waits for its turn."""
    return RunRecord(
        id=run_id,
        trace_id="ab" * 16,
        job=JobKind.CLOSE,
        key=CloseKey(tenant, Period(PeriodKind.DAY, day)),
        trigger=Trigger.NIGHT,
        requested_by="scheduler",
        state=RunState.QUEUED,
        work_id=f"{run_id}#1",
        enqueued_at=datetime(2026, 11, 22, 5, 0, 3, tzinfo=UTC),
        due_at=datetime(2026, 11, 22, 5, 0, 3, tzinfo=UTC),
    )
