"""An office that closes its books by itself: all that serves, over in-memory adapters.

What lasts (the state, the queue, the Backend) is made once; a process is made anew by ``restart``.
It stands in Sao Paulo, three hours behind UTC: the night of a day comes at 05:00 UTC after it, the
deadline at 09:00.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
from aegis_batch.adapters.outbound.breaking.notifier import BreakingNotifier
from aegis_batch.adapters.outbound.breaking.order_reader import BreakingOrderReader
from aegis_batch.adapters.outbound.breaking.report_gateway import BreakingReportGateway
from aegis_batch.adapters.outbound.memory.at_once import InMemoryAtOnce
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.service_caller import InMemoryServiceCaller
from aegis_batch.adapters.outbound.memory.state import InMemoryState
from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.application.after_run import AfterRun, Nights
from aegis_batch.application.backfill_control import BackfillControl
from aegis_batch.application.backfill_everyone import PlanEveryone
from aegis_batch.application.backfill_planning import PlanBackfillUseCase
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.breaking import Breaking
from aegis_batch.application.cancelling import CancelRunUseCase
from aegis_batch.application.carrying_out import CarryOutUseCase
from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.completeness import CompletenessJob
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.deadline import DeadlineJob
from aegis_batch.application.dependent_job import DependentJob
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.firing import FireDueUseCase, Firing
from aegis_batch.application.heart import Heart, HeartRate
from aegis_batch.application.history import HistoryUseCase
from aegis_batch.application.http_job import HttpJob
from aegis_batch.application.job_control import JobControl
from aegis_batch.application.job_drafts import JobRules
from aegis_batch.application.job_pauses import JobPauses
from aegis_batch.application.job_starting import JobStarting
from aegis_batch.application.job_starts import JobStarts
from aegis_batch.application.job_views import JobViews
from aegis_batch.application.jobs import Job
from aegis_batch.application.ledger import Ledger, first_work_id
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.night import NightJob
from aegis_batch.application.night_of_all import NightOfAllJob
from aegis_batch.application.nights_of_all import NightsOfAll
from aegis_batch.application.nights_of_one import NightsOfOne
from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.order_reader import OrderReader, Reading
from aegis_batch.application.ports.report_gateway import Receipt, ReportGateway
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.application.ports.service_caller import ServiceAnswer
from aegis_batch.application.rebuild_range import RebuildRangeJob
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.recording import RecordCloseUseCase
from aegis_batch.application.retention import RetentionJob
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.schedule_sync import ScheduleSync
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.application.set_back import SetBack, SetBackUseCase
from aegis_batch.application.settling import RetryPolicies, Settling
from aegis_batch.application.shard_close import ShardClose
from aegis_batch.application.shards import ShardLimits
from aegis_batch.application.sweep import SweepJob
from aegis_batch.application.swept_days import (
    SweptDayOfRun,
    SweptDays,
    SweptDaysOfAll,
    SweptDaysOfOne,
)
from aegis_batch.application.taking import Taking
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.application.tenants_days import TenantsDays
from aegis_batch.application.timings import Timings
from aegis_batch.application.verifying import Verifying
from aegis_batch.application.work_set_back import WorkSetBack
from aegis_batch.bootstrap.breaking import rest_of_closes
from aegis_batch.bootstrap.fan_out import FanOutMetricsSink
from aegis_batch.domain.breaker import Provider
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind, Window
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import AegisError, BackendRefused, BackendUnavailable, InvalidRequest
from aegis_batch.domain.events import Event
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.notice import Notice, NoticeKind
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.outcome import CloseResult
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.run import CloseKey, JobKind, Run, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from aegis_batch.domain.schedule import Occurrence, Schedule, ScheduleKind, Timing
from aegis_batch.domain.seal import Versions
from aegis_batch.domain.tenant import SINGLE, Tenant
from tests.living import a_heartbeat

if TYPE_CHECKING:
    from aegis_batch.application.ports.at_once import AtOnce

__all__ = [
    "AWAY",
    "BROKEN",
    "DAY",
    "DEADLINE",
    "DELAYED",
    "FAR_ZONE",
    "HOUR",
    "HOURLY",
    "MINUTE",
    "NIGHTLY",
    "NOON",
    "ONE_DAY",
    "REFUSED",
    "RETENTION",
    "SWEEP",
    "ZONE",
    "Office",
    "Orders",
    "key_of",
    "nights",
]

MINUTE, HOUR, ONE_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_WAITS = (MINUTE, 2 * MINUTE, 4 * MINUTE, 15 * MINUTE)
ZONE = "America/Sao_Paulo"
# Of tenants that have a zone of their own.
FAR_ZONE = "Asia/Tokyo"
DAY = date(2026, 11, 21)
# Noon of that day, where it all begins unless a test says otherwise.
NOON = datetime(2026, 11, 21, 15, tzinfo=UTC)
AWAY = BackendUnavailable("timeout", "The Backend does not answer.", "Try again later.")
REFUSED = BackendRefused("forbidden", "The Backend refuses.", "Mend the token.", 403)
BROKEN = PlacedOrder(NOON, Order("9", Decimal(-1), (OrderLine("Tea", Decimal(1), Decimal(-1)),)))

NIGHTLY = Schedule(
    "daily-close",
    JobKind.NIGHT,
    Timing(ScheduleKind.CRON, cron="0 0 2 * * *", zone=ZONE),
    newest_only=True,
)
DEADLINE = Schedule(
    "close-deadline",
    JobKind.DEADLINE,
    Timing(ScheduleKind.CRON, cron="0 0 6 * * *", zone=ZONE),
    newest_only=True,
)
RETENTION = Schedule(
    "retention", JobKind.RETENTION, Timing(ScheduleKind.CRON, cron="0 0 4 * * *", zone=ZONE)
)
SWEEP = Schedule(
    "verify-sweep",
    JobKind.SWEEP,
    Timing(ScheduleKind.CRON, cron="0 30 3 * * *", zone=ZONE),
    newest_only=True,
)
HOURLY = Schedule("hourly", JobKind.NIGHT, Timing(ScheduleKind.FIXED_RATE, every=HOUR))
DELAYED = replace(HOURLY, name="delayed", timing=Timing(ScheduleKind.FIXED_DELAY, every=HOUR))


def key_of(day: date) -> CloseKey:
    """Return what the close of a day is known by."""
    return CloseKey("default", Period(PeriodKind.DAY, day))


def nights(first: datetime, count: int) -> list[datetime]:
    """Return the nominal times of so many nights in a row."""
    return [first + place * ONE_DAY for place in range(count)]


class Backend(InMemoryReportGateway):
    """A Backend that can be away, for all days or for some, or have something happen meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.away: AegisError | None = None
        self.can_find = True
        self.meanwhile: Callable[[], object] | None = None
        self.asked: list[date] = []
        self.mute_on: set[date] = set()
        # By tenant: who is refused, and for whom it is away.
        self.refused_for: dict[str, AegisError] = {}
        self.away_for: set[str] = set()
        self.on_submit: Callable[[int], None] | None = None

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Answer, unless it is away."""
        self.asked.append(run.key.period.first_day)
        self._be_there()
        if run.key.period.first_day in self.mute_on or run.key.tenant in self.away_for:
            raise AWAY
        return super().find(run, once=once) if self.can_find else None

    def submit(self, run: Run, report: Report) -> Receipt:
        """Take a report, unless it is away."""
        self._be_there()
        if run.key.tenant in self.refused_for:
            raise self.refused_for[run.key.tenant]
        if self.on_submit is not None:
            self.on_submit(len(self.bodies))
        return super().submit(run, report)

    def fail_once(self) -> None:
        """Answer the question that has just come with silence, and the next one again."""
        raise AWAY

    def _be_there(self) -> None:
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.away is not None:
            raise self.away


class Orders(InMemoryOrderReader):
    """Orders that can't be read where those of some tenants are among them."""

    def __init__(self) -> None:
        super().__init__([])
        self.fault_of: dict[str, AegisError] = {}

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Add up orders, unless one of the tenants keeps all from it."""
        for tenant in tenants:
            if tenant in self.fault_of:
                raise self.fault_of[tenant]
        return super().read_each(tenants, window, tolerance)


class Receiver(InMemoryNotifier):
    """A receiver of notices whose settings may change, or which has something happen meanwhile."""

    def __init__(self, kinds: Sequence[NoticeKind]) -> None:
        super().__init__()
        self.kinds = frozenset(kinds)
        self.meanwhile: Callable[[], object] | None = None

    def takes(self, kind: NoticeKind) -> bool:
        """Say whether there is somewhere to send this kind."""
        return kind in self.kinds

    def deliver(self, notice: Notice) -> None:
        """Keep a notice."""
        super().deliver(notice)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()


class Meter(InMemoryResourceMeter):
    """A meter that is read before and after an attempt, when something may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None

    def thread_cpu_seconds(self) -> float:
        """Return the seconds that were spent."""
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return super().thread_cpu_seconds()


class Office:
    """A process that serves, with all that it stands on."""

    def __init__(  # noqa: PLR0913, PLR0917 - what tests say otherwise
        self,
        schedules: Sequence[Schedule] = (NIGHTLY, DEADLINE),
        now: datetime = NOON,
        close_from: date | None = DAY,
        kinds: Sequence[NoticeKind] = tuple(NoticeKind),
        sweep_days: int = 3,
        tenant: str = SINGLE,
        tenants: Sequence[Tenant] = (),
        shard: ShardLimits | None = None,
        gathered_max: int | None = None,
    ) -> None:
        # So many tenants of a shard are read together, as if the others answered late.
        self._gathered_max = gathered_max
        self.sweep_days = sweep_days
        # So many failures in a row open a breaker, for a minute: none, unless a test says so.
        self.breaker_failures = 0
        # What has to hold before a report is handed over: nothing, unless a test says so.
        self.guard: Callable[[ReportGateway], ReportGateway] = lambda reports: reports
        self.tenant_concurrency = 0
        # So many runs of defined jobs may wait, and these services answer.
        self.waiting_max = 1_000
        self.services = InMemoryServiceCaller({"rankings": ServiceAnswer(200, "ok", is_cut=False)})
        # With tenants it is an office for all of them.
        self.directory = InMemoryTenantDirectory(tenants, ZONE) if tenants else None
        self.shard = shard or ShardLimits(tenants=3)
        self.at_once: AtOnce = InMemoryAtOnce()
        self.tenant = tenant
        self.clock = InMemoryClock(now)
        self.queue = InMemoryWorkQueue()
        self.state = InMemoryState(self.queue, self.clock.now)
        self.backend = Backend()
        self.orders: InMemoryOrderReader = Orders()
        self.notifier = Receiver(kinds)
        self.sink = InMemoryMetricsSink()
        self.identifiers = InMemoryIdentifiers()
        self.pulse = InMemoryPulse(self.state)
        self.meter = Meter()
        calendar = Calendar(load_zone(ZONE), ZONE, time(0))
        self.expectation = Expectation(calendar, 7 * ONE_DAY, close_from)
        self.calendars = InMemoryCalendars(calendar, Calendar(load_zone(FAR_ZONE), FAR_ZONE))
        self.expectations = Expectations(self.expectation, self.calendars)
        self._policy = ReportPolicy(self.calendars, Rules(), Versions("1", "2", "3"))
        self.schedules = schedules
        self.untidy = 0
        self.tidied_at: list[datetime] = []
        self.pauses: list[datetime] = []
        self.restart()

    def restart(self, schedules: Sequence[Schedule] | None = None) -> None:
        """Let a new process take over, with these schedules or those from before."""
        self.schedules = self.schedules if schedules is None else schedules
        listener = AttemptListener()
        metrics = FanOutMetricsSink(self.sink, listener)
        self.ledger = Ledger(self.state, self.clock, metrics, self.notifier)
        timings = Timings(SystemCron())
        starting = JobStarting(self.identifiers, self.expectations, self.waiting_max)
        firing = Firing(timings, self.identifiers, self.expectations, self.tenant, starting)
        self.backfilling = Backfilling(self.identifiers, self.shard.tenants)
        nights: Nights = NightsOfOne(self.expectation, self.backend.identity)
        if self.directory is not None:
            nights = NightsOfAll(self.identifiers)
        after_run = AfterRun(nights, self.backfilling)
        breaking = Breaking(self.state.look, self.ledger, self.clock, metrics, MINUTE)
        reports, orders = self._broken(breaking)
        self.close = DailyCloseUseCase(
            orders,
            reports,
            self.clock,
            metrics,
            self._policy,
            SealedDays(self.state.look, self._policy),
        )
        night: NightJob | NightOfAllJob = NightJob(
            ledger=self.ledger,
            reports=reports,
            clock=self.clock,
            metrics=metrics,
            identifiers=self.identifiers,
            expectation=self.expectation,
        )
        deadline: DeadlineJob | CompletenessJob = DeadlineJob(
            ledger=self.ledger,
            reports=reports,
            clock=self.clock,
            metrics=metrics,
            expectation=self.expectation,
        )
        completeness: dict[JobKind, CompletenessJob] = {}
        if self.directory is not None:
            tenants_days = TenantsDays(
                self.ledger, self.directory, self.expectations, self.backend.identity
            )
            night = NightOfAllJob(
                ledger=self.ledger,
                clock=self.clock,
                metrics=metrics,
                identifiers=self.identifiers,
                tenants_days=tenants_days,
                limits=self.shard,
                backend=self.backend.identity,
            )
            deadline = CompletenessJob(self.ledger, self.clock, metrics, tenants_days)
            completeness = {JobKind.COMPLETENESS: deadline}
            swept: SweptDays = SweptDaysOfAll(
                self.ledger, self.expectations, tenants_days, self.clock, self.sweep_days
            )
        else:
            swept = SweptDaysOfOne(
                self.ledger, self.expectation, self.sweep_days, self.backend.identity
            )
        deriving = Deriving(orders, self.clock, self._policy)
        verifying = Verifying(deriving, reports, self.clock, self._policy)
        sweeping = partial(
            SweepJob,
            ledger=self.ledger,
            verifying=verifying,
            clock=self.clock,
            metrics=metrics,
            at_once=self.at_once,
        )
        close_job = CloseJob(self.close, deriving.read)
        self.planning = PlanBackfillUseCase(
            ledger=self.ledger,
            reports=reports,
            clock=self.clock,
            identifiers=self.identifiers,
            calendars=self.calendars,
            backfilling=self.backfilling,
            everyone=PlanEveryone(
                self.ledger,
                TenantChoice(self.directory),
                reports,
                self.clock,
                self.identifiers,
                self.calendars,
            ),
        )
        self.taking = Taking(
            self.ledger, "machine-1", partial(rest_of_closes, breaking), self.tenant_concurrency
        )
        self.carrying_out = CarryOutUseCase(
            taking=self.taking,
            settling=Settling(
                ledger=self.ledger,
                meter=self.meter,
                executor="machine-1",
                policies=RetryPolicies(
                    close=RetryPolicy(_WAITS, repeats_last=True, gives_up_after=7 * ONE_DAY),
                    other=RetryPolicy(_WAITS[:3], repeats_last=False),
                ),
                calendars=self.calendars,
                after_run=after_run,
            ),
            clock=self.clock,
            meter=self.meter,
            of_many=ShardClose(
                close_job,
                orders,
                self._policy.rules.tolerance,
                InMemoryAtOnce(self._gathered_max),
                self.clock,
                self.meter,
            ),
            jobs={
                **completeness,
                JobKind.CLOSE: close_job,
                JobKind.REBUILD: close_job,
                JobKind.NIGHT: night,
                JobKind.DEADLINE: deadline,
                JobKind.RETENTION: RetentionJob(
                    ledger=self.ledger,
                    clock=self.clock,
                    metrics=metrics,
                    kept=30 * ONE_DAY,
                    pause=lambda: self.pauses.append(self.clock.now()),
                    batch=10,
                ),
                JobKind.SWEEP: sweeping(swept=swept),
                **self._defined(
                    {
                        JobKind.CLOSE: close_job,
                        JobKind.HTTP: HttpJob(self.ledger, self.services, self.clock, metrics),
                        JobKind.VERIFY: sweeping(
                            swept=SweptDayOfRun(self.ledger, self.backend.identity)
                        ),
                        JobKind.REBUILD_RANGE: RebuildRangeJob(
                            ledger=self.ledger,
                            planning=self.planning,
                            clock=self.clock,
                            metrics=metrics,
                            zone_of=self._zone_of,
                            max_active=2,
                        ),
                    }
                ),
            },
            listener=listener,
        )
        self.backfills = BackfillControl(self.ledger, self.backfilling)
        self.fire_due = FireDueUseCase(self.ledger, firing)
        self.reconcile = ReconcileUseCase(self.ledger, self.queue, after_run)
        breaker = self._breaker(Provider.NOTICES, breaking)
        self.deliver = DeliverNoticesUseCase(
            self.ledger,
            BreakingNotifier(self.notifier, breaker) if self.breaker_failures else self.notifier,
        )
        self.control = ScheduleControl(self.ledger, timings, firing)
        self.dead_letters = DeadLetterDecisions(self.ledger, self.identifiers)
        self._open_jobs(timings, firing, starting, after_run)
        self.history = HistoryUseCase(self.state)
        self.recording = RecordCloseUseCase(self.state, self.clock, self.meter, "laptop")
        self.set_back = SetBackUseCase(
            self.ledger, SetBack(timings), WorkSetBack(self.expectations, after_run)
        )
        self.heartbeat = a_heartbeat(self.pulse, self.clock)
        self.heart = Heart(
            fire_due=self.fire_due,
            reconcile=self.reconcile,
            set_back=self.set_back,
            tidy=self._tidy,
            heartbeat=self.heartbeat,
            take_over=None,
            clock=self.clock,
            rate=HeartRate(),
        )
        self._register()
        self.control.sync(self.schedules)
        self.queue.start(self.carrying_out.carry_out)

    def _zone_of(self, tenant_id: str) -> str | None:
        if self.directory is None:
            return None
        found = self.directory.get(tenant_id)
        if found is None:
            raise InvalidRequest("unknown_tenant", "There is none.", "Name another.")
        return found.zone_name

    def _register(self) -> None:
        with self.state.turn() as turn:
            turn.executors.register(
                Executor(
                    name="machine-1",
                    role="serve",
                    version="1.2.3",
                    started_at=self.clock.now(),
                    beaten_at=self.clock.now(),
                    lease_seconds=30.0,
                ),
                renews=True,
            )

    def _open_jobs(
        self, timings: Timings, firing: Firing, starting: JobStarting, after_run: AfterRun
    ) -> None:
        rules = JobRules(
            timings,
            self.calendars,
            self.services.names(),
            self._zone_of,
            several_tenants=self.directory is not None,
        )
        self.jobs = JobControl(
            self.ledger, ScheduleSync(self.ledger, timings, firing), rules, self.identifiers
        )
        self.job_pauses = JobPauses(self.ledger)
        self.starts = JobStarts(
            ledger=self.ledger,
            starting=starting,
            letters=self.dead_letters,
            expectations=self.expectations,
            identifiers=self.identifiers,
            zone_of=self._zone_of,
        )
        self.views = JobViews(self.state)
        self.cancelling = CancelRunUseCase(
            self.ledger, after_run, BackfillControl(self.ledger, self.backfilling)
        )

    def _broken(self, breaking: Breaking) -> tuple[ReportGateway, OrderReader]:
        """Return who takes reports and who reads orders, behind their breakers."""
        reports = self.guard(self.backend)
        if not self.breaker_failures:
            return reports, self.orders
        return (
            BreakingReportGateway(reports, self._breaker(Provider.BACKEND, breaking)),
            BreakingOrderReader(self.orders, self._breaker(Provider.ORDERS, breaking)),
        )

    def _breaker(self, provider: Provider, breaking: Breaking) -> ProviderBreaker:
        def fails(error: AegisError) -> bool:
            return error.retryable and error.not_before is None

        return ProviderBreaker(provider, breaking, self.clock, self.breaker_failures, fails)

    def _defined(self, jobs: Mapping[JobKind, Job]) -> Mapping[JobKind, Job]:
        return {kind: DependentJob(job, self.ledger, self.clock) for kind, job in jobs.items()}

    def _tidy(self) -> bool:
        self.tidied_at.append(self.clock.now())
        self.untidy = max(self.untidy - 1, 0)
        return self.untidy > 0

    # What a process does

    def fire(self) -> None:
        """Decide about all that has come."""
        while self.fire_due.fire().more:
            pass

    def work(self) -> None:
        """Carry out what is due, and what comes of it, until nothing is."""
        while due := self.queue.take_due(self.clock.now()):
            for work in due:
                self.queue.perform(work)

    def live_until(self, end: datetime) -> None:
        """Do what a process does until an instant, each thing when its time comes."""
        while True:
            self.heart.beat()
            self.work()
            self.deliver.deliver()
            now = self.clock.now()
            if now >= end:
                return
            with self.state.turn() as turn:
                moments = [turn.schedules.next_due_at(), self.queue.next_due_at(), end]
            step = min(moment for moment in moments if moment is not None) - now
            self.clock.advance(max(step, timedelta(seconds=1)))

    def sleep_until(self, end: datetime) -> None:
        """Let time pass in which no process lives."""
        self.clock.advance(end - self.clock.now())

    def close_by_hand(self, day: date) -> CloseResult:
        """Close a day without the queue, as the command does, and record it."""
        run_id, trace_id = self.identifiers.new_run_id(), self.identifiers.new_trace_id()
        result = self.close.close(CloseRequest(run_id, trace_id, day=day))
        self.recording.record(result, (), "ana")
        return result

    def close_elsewhere(self, day: date) -> CloseResult:
        """Close a day as another program would: the Backend knows it, and the ledger doesn't."""
        run_id, trace_id = self.identifiers.new_run_id(), self.identifiers.new_trace_id()
        return self.close.close(CloseRequest(run_id, trace_id, day=day))

    def enqueue_close(self, day: date, job: JobKind = JobKind.CLOSE) -> str:
        """Put the close of a day, or its rebuild, into the queue, and return the run's id."""
        run_id, now = self.identifiers.new_run_id(), self.clock.now()
        with self.ledger.turn() as turn:
            turn.dispatch(
                RunRecord(
                    id=run_id,
                    trace_id=self.identifiers.new_trace_id(),
                    job=job,
                    key=key_of(day),
                    trigger=Trigger.NIGHT,
                    requested_by="ana",
                    state=RunState.QUEUED,
                    work_id=first_work_id(run_id),
                    enqueued_at=now,
                    due_at=now,
                )
            )
        return run_id

    def lose_work(self) -> None:
        """Let the queue lose all the work that is due, as by a process that breaks at it."""
        self.queue.start(lambda _run_id, _work_id: None)
        for work in self.queue.take_due(self.clock.now()):
            self.queue.perform(work)
        self.queue.start(self.carrying_out.carry_out)

    # What can be seen of it

    def runs(self, job: JobKind | None = None, *states: RunState) -> list[RunRecord]:
        """Return the runs, oldest first."""
        wanted = RunFilter(job=job, states=frozenset(states), oldest_first=True)
        return list(self.history.runs(wanted, 1_000))

    def run(self, run_id: str) -> RunRecord:
        """Return one run as it is now."""
        return self.history.run(run_id).record

    def closes(self) -> list[tuple[date, RunState]]:
        """Return the days of the closes and how they stand, oldest run first."""
        return [(run.key.period.first_day, run.state) for run in self.runs(JobKind.CLOSE)]

    def closed_days(self) -> list[date]:
        """Return the days of which the Backend has the report, in the order of their arrival."""
        return [key.period.first_day for key in self.backend.stored]

    def occurrences(self, name: str) -> list[Occurrence]:
        """Return the decisions about a schedule's nominal times, oldest first."""
        with self.state.turn() as turn:
            return list(turn.occurrences.newest(name, 10_000))[::-1]

    def decisions(self, name: str) -> list[str]:
        """Return the same, by the decision's name alone."""
        return [occurrence.decision.value for occurrence in self.occurrences(name)]

    def next_at(self, name: str) -> datetime | None:
        """Return the nominal time of a schedule that is decided next."""
        return self.control.view(name).state.next_at

    def letters(self) -> list[DeadLetter]:
        """Return all dead letters, oldest first."""
        return list(self.history.dead_letters(None, 1_000))[::-1]

    def notices(self) -> list[Notice]:
        """Deliver what is due, and return all that was ever delivered."""
        while self.deliver.deliver():
            pass
        return self.notifier.delivered

    def told(self) -> list[str]:
        """Return the events of the notices that were delivered."""
        return [notice.event for notice in self.notices()]

    def events(self, kind: type[Event]) -> list[Event]:
        """Return the events of a kind that were told."""
        return [event for event in self.sink.events if isinstance(event, kind)]
