"""One process of the fleet: its role's use cases and threads, from its start to its end."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from aegis_batch.adapters.outbound.breaking.breaker import ProviderBreaker
from aegis_batch.adapters.outbound.breaking.order_reader import BreakingOrderReader
from aegis_batch.adapters.outbound.breaking.report_gateway import BreakingReportGateway
from aegis_batch.adapters.outbound.memory.calendars import InMemoryCalendars
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.breaking import Breaking
from aegis_batch.application.carrying_out import CarryOutUseCase
from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.completeness import CompletenessJob
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.firing import FireDueUseCase, Firing
from aegis_batch.application.guarded_gateway import GuardedReportGateway
from aegis_batch.application.heart import Heart, HeartRate
from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.night_of_all import NightOfAllJob
from aegis_batch.application.nights_of_all import NightsOfAll
from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.rate_limiting import RateLimiting
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.set_back import SetBack, SetBackUseCase
from aegis_batch.application.settling import RetryPolicies, Settling
from aegis_batch.application.shard_close import ShardClose
from aegis_batch.application.shards import ShardLimits
from aegis_batch.application.takeover import TakeOverUseCase
from aegis_batch.application.taking import Taking
from aegis_batch.application.tenants_days import TenantsDays
from aegis_batch.application.timings import Timings
from aegis_batch.application.work_set_back import WorkSetBack
from aegis_batch.application.worker_heart import WorkerHeart
from aegis_batch.bootstrap.fan_out import FanOutMetricsSink
from aegis_batch.domain.breaker import Provider
from aegis_batch.domain.consistency import Rules
from aegis_batch.domain.errors import AegisError, BackendUnavailable, OrdersUnreachable
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.rate_limit import RateLimit
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.seal import Versions
from aegis_batch.domain.tenant import EVERYONE
from tests.simulation.fleet.mall import CATCH_UP, Mall
from tests.simulation.fleet.queue import SharedQueue
from tests.simulation.fleet.stage import Life, Stage, StagedAtOnce
from tests.simulation.program import WAITS

__all__ = ["LEASE_SECONDS", "FleetPorts", "Process"]

# So long that a day takes few signs of life; what matters is what is longer or shorter.
LEASE_SECONDS = 1_800.0
_RECONCILE_SECONDS = 900.0
# So many failures in a row, of whatever tenants, and a provider rests for so long.
_FAILURES_MAX = 6
_BREAKERS_REST = timedelta(minutes=5)
POLL_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPorts:
    """What one process reaches."""

    clock: Clock
    state: State
    queue: SharedQueue
    orders: OrderReader
    reports: ReportGateway
    directory: TenantDirectory
    notifier: Notifier
    metrics: MetricsSink
    identifiers: Identifiers
    pulse: Pulse


class _Pauses:
    """Lets others go on while one waits."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def pause(self, seconds: float) -> None:
        self._stage.sleep(seconds)


def _is_of_the_orders(error: AegisError) -> bool:
    return isinstance(error, OrdersUnreachable)


def _is_of_the_backend(error: AegisError) -> bool:
    return isinstance(error, BackendUnavailable) and error.not_before is None


class Process:
    """The use cases of one process, wired as the command ``serve`` and its parts have them."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a world has chosen
        self,
        ports: FleetPorts,
        mall: Mall,
        shards: ShardLimits,
        stage: Stage,
        life: Life,
        limit: RateLimit | None,
        *,
        breaks: bool,
    ) -> None:
        """Wire the use cases; nothing is begun.

        ``limit`` is that of each tenant's submissions; with ``breaks`` there are breakers.
        """
        listener = AttemptListener()
        self.ports = ports = replace(ports, metrics=FanOutMetricsSink(ports.metrics, listener))
        self.life = life
        self.ledger = ledger = Ledger(ports.state, ports.clock, ports.metrics, ports.notifier)
        own = mall.calendars[None]
        others = [calendar for zone, calendar in mall.calendars.items() if zone is not None]
        policy = ReportPolicy(InMemoryCalendars(own, *others), Rules(), Versions("0", "0", "0"))
        self._expectations = Expectations(Expectation(own, CATCH_UP), policy.calendars)
        timings = Timings(SystemCron())
        firing = Firing(timings, ports.identifiers, self._expectations, EVERYONE)
        self._after_run = AfterRun(NightsOfAll(ports.identifiers), Backfilling(ports.identifiers))
        self.control = ScheduleControl(ledger, timings, firing)
        self.dead_letters = DeadLetterDecisions(ledger, ports.identifiers)
        self.deliver = DeliverNoticesUseCase(ledger, ports.notifier)
        self._breaking = Breaking(
            ports.state.look, ledger, ports.clock, ports.metrics, _BREAKERS_REST
        )
        rests = partial(self._breaking.rests_until, Provider.BACKEND, Provider.ORDERS)
        lease = ExecutorLease(ports.clock, LEASE_SECONDS)
        self.taking = Taking(ledger, life.name, rests if breaks else lambda: None, lease=lease)
        self._orders, reports = ports.orders, ports.reports
        if breaks:
            self._orders, reports = self._behind_breakers(reports)
        limiting = None
        if limit is not None:
            limiting = RateLimiting(ledger, ports.clock, _Pauses(stage), None, limit)
        self._reports = GuardedReportGateway(reports, lease, limiting)
        self._carrying = self._carry_out(policy, shards, listener, StagedAtOnce(stage, life, 3))
        now = ports.clock.now()
        me = Executor(
            name=life.name,
            role="serve",
            version="0",
            started_at=now,
            beaten_at=now,
            lease_seconds=LEASE_SECONDS,
        )
        self.heartbeat = Heartbeat(ports.pulse, ports.clock, lease, me, is_alone=False)
        self._take_over = TakeOverUseCase(ledger, ports.pulse, ports.clock, lease, me)
        self._reconcile = ReconcileUseCase(ledger, ports.queue, self._after_run, life.name)
        self._fire_due = FireDueUseCase(ledger, firing)
        self._set_back = SetBackUseCase(
            ledger, SetBack(timings), WorkSetBack(self._expectations, self._after_run)
        )

    def _behind_breakers(self, reports: ReportGateway) -> tuple[OrderReader, ReportGateway]:
        clock, most = self.ports.clock, _FAILURES_MAX
        orders_break = ProviderBreaker(
            Provider.ORDERS, self._breaking, clock, most, _is_of_the_orders
        )
        backend_breaks = ProviderBreaker(
            Provider.BACKEND, self._breaking, clock, most, _is_of_the_backend
        )
        orders = BreakingOrderReader(self.ports.orders, orders_break)
        return orders, BreakingReportGateway(reports, backend_breaks)

    def heart(self) -> Heart:
        """Return what a process does again and again that fires schedules."""
        return Heart(
            fire_due=self._fire_due,
            reconcile=self._reconcile,
            set_back=self._set_back,
            tidy=lambda: False,
            heartbeat=self.heartbeat,
            take_over=self._take_over,
            clock=self.ports.clock,
            rate=HeartRate(poll_seconds=POLL_SECONDS, reconcile_seconds=_RECONCILE_SECONDS),
        )

    def worker_heart(self) -> WorkerHeart:
        """Return what a process does again and again that only carries out work."""
        return WorkerHeart(
            self.heartbeat, self._take_over, self._reconcile, self.ports.clock, POLL_SECONDS
        )

    def begin_work(self) -> None:
        """Take up work."""
        self.ports.queue.start(self._carrying.carry_out)

    def _carry_out(
        self,
        policy: ReportPolicy,
        limits: ShardLimits,
        listener: AttemptListener,
        at_once: StagedAtOnce,
    ) -> CarryOutUseCase:
        ports, ledger, meter = self.ports, self.ledger, InMemoryResourceMeter()
        daily_close = DailyCloseUseCase(
            self._orders, self._reports, ports.clock, ports.metrics, policy
        )
        deriving = Deriving(self._orders, ports.clock, policy)
        close = CloseJob(daily_close, deriving.read)
        days = TenantsDays(ledger, ports.directory, self._expectations, ports.reports.identity)
        night = NightOfAllJob(
            ledger=ledger,
            clock=ports.clock,
            metrics=ports.metrics,
            identifiers=ports.identifiers,
            tenants_days=days,
            limits=limits,
            backend=ports.reports.identity,
        )
        count = CompletenessJob(ledger, ports.clock, ports.metrics, days)
        tolerance = policy.rules.tolerance
        return CarryOutUseCase(
            taking=self.taking,
            settling=Settling(
                ledger=ledger,
                meter=meter,
                executor=self.life.name,
                policies=RetryPolicies(
                    close=RetryPolicy(WAITS, repeats_last=True, gives_up_after=CATCH_UP),
                    other=RetryPolicy(WAITS[:3], repeats_last=False),
                ),
                calendars=policy.calendars,
                after_run=self._after_run,
            ),
            clock=ports.clock,
            meter=meter,
            jobs={
                JobKind.CLOSE: close,
                JobKind.NIGHT: night,
                JobKind.DEADLINE: count,
                JobKind.COMPLETENESS: count,
            },
            of_many=ShardClose(close, self._orders, tolerance, at_once, ports.clock, meter),
            listener=listener,
        )
