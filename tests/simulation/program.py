"""One life of the program: the real use cases over the world's ports, until it dies."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from aegis_batch.adapters.outbound.memory.at_once import InMemoryAtOnce
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.backfill_control import BackfillControl
from aegis_batch.application.backfill_everyone import PlanEveryone
from aegis_batch.application.backfill_planning import PlanBackfillUseCase
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.carrying_out import CarryOutUseCase
from aegis_batch.application.chain_check import ChainCheckUseCase
from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.deadline import DeadlineJob
from aegis_batch.application.deriving import Deriving, ReportPolicy
from aegis_batch.application.expectations import Expectations
from aegis_batch.application.firing import FireDueUseCase, Firing
from aegis_batch.application.heart import Heart, HeartRate
from aegis_batch.application.history import HistoryUseCase
from aegis_batch.application.jobs import Job
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.night import NightJob
from aegis_batch.application.nights_of_one import NightsOfOne
from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.work_queue import WorkQueue
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.recording import RecordCloseUseCase
from aegis_batch.application.retention import RetentionJob
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.application.set_back import SetBack, SetBackUseCase
from aegis_batch.application.settling import RetryPolicies, Settling
from aegis_batch.application.shard_close import ShardClose
from aegis_batch.application.sweep import SweepJob
from aegis_batch.application.swept_days import SweptDaysOfOne
from aegis_batch.application.taking import Taking
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.application.timings import Timings
from aegis_batch.application.verify import VerifyUseCase
from aegis_batch.application.verifying import Verifying
from aegis_batch.application.work_set_back import WorkSetBack
from aegis_batch.bootstrap.fan_out import FanOutMetricsSink
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Schedule
from tests.living import a_heartbeat
from tests.simulation.world import KEPT, VERIFY_DAYS

__all__ = ["WAITS", "Ports", "Program"]

_MINUTE = timedelta(minutes=1)
# So few at a time that there are several turns to a night.
_BATCH = 10
EXECUTOR = "simulated"
WAITS = (_MINUTE, 2 * _MINUTE, 4 * _MINUTE, 15 * _MINUTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What outlives every life of the program."""

    clock: Clock
    state: State
    queue: WorkQueue
    orders: OrderReader
    reports: ReportGateway
    notifier: Notifier
    metrics: MetricsSink
    identifiers: Identifiers
    pulse: Pulse
    meter: ResourceMeter
    # What goes on while a job lets others come to their turn.
    pause: Callable[[], None] = lambda: None


class Program:
    """The use cases, wired as ``serve`` and the command line have them.

    Each is made anew with every life of a process; all that lasts is behind the ports.
    """

    def __init__(self, ports: Ports, policy: ReportPolicy, expectation: Expectation) -> None:
        """Wire the use cases; nothing is begun."""
        listener = AttemptListener()
        self._ports = ports = replace(ports, metrics=FanOutMetricsSink(ports.metrics, listener))
        ledger = Ledger(ports.state, ports.clock, ports.metrics, ports.notifier)
        timings = Timings(SystemCron())
        expectations = Expectations(expectation, policy.calendars)
        firing = Firing(timings, ports.identifiers, expectations)
        backfilling = Backfilling(ports.identifiers)
        after_run = AfterRun(NightsOfOne(expectation, ports.reports.identity), backfilling)
        self.backfills = BackfillControl(ledger, backfilling)
        self.plan_backfill = PlanBackfillUseCase(
            ledger=ledger,
            reports=ports.reports,
            clock=ports.clock,
            identifiers=ports.identifiers,
            calendars=policy.calendars,
            backfilling=backfilling,
            everyone=PlanEveryone(
                ledger,
                TenantChoice(None),
                ports.reports,
                ports.clock,
                ports.identifiers,
                policy.calendars,
            ),
        )
        self.audit = ChainCheckUseCase(ports.state)
        self.close = DailyCloseUseCase(
            ports.orders,
            ports.reports,
            ports.clock,
            ports.metrics,
            policy,
            SealedDays(ports.state.look, policy),
        )
        deriving = Deriving(ports.orders, ports.clock, policy)
        verifying = Verifying(deriving, ports.reports, ports.clock, policy)
        self.verify = VerifyUseCase(
            verifying, ports.state, ports.clock, ports.metrics, policy.calendars
        )
        self.record = RecordCloseUseCase(ports.state, ports.clock, ports.meter, "by hand")
        self.history = HistoryUseCase(ports.state)
        self.deliver = DeliverNoticesUseCase(ledger, ports.notifier)
        self.dead_letters = DeadLetterDecisions(ledger, ports.identifiers)
        self.control = ScheduleControl(ledger, timings, firing)
        self._taking = Taking(ledger, EXECUTOR)
        self._carrying = CarryOutUseCase(
            taking=self._taking,
            settling=Settling(
                ledger=ledger,
                meter=ports.meter,
                executor=EXECUTOR,
                policies=RetryPolicies(
                    close=RetryPolicy(
                        WAITS, repeats_last=True, gives_up_after=expectations.own.catch_up
                    ),
                    other=RetryPolicy(WAITS[:3], repeats_last=False),
                ),
                calendars=policy.calendars,
                after_run=after_run,
            ),
            clock=ports.clock,
            meter=ports.meter,
            jobs=_jobs(ports, ledger, expectations, CloseJob(self.close, deriving.read), verifying),
            of_many=ShardClose(
                CloseJob(self.close, deriving.read),
                ports.orders,
                policy.rules.tolerance,
                InMemoryAtOnce(),
                ports.clock,
                ports.meter,
            ),
            listener=listener,
        )
        self.heart = Heart(
            fire_due=FireDueUseCase(ledger, firing),
            reconcile=ReconcileUseCase(ledger, ports.queue, after_run),
            set_back=SetBackUseCase(ledger, SetBack(timings), WorkSetBack(expectations, after_run)),
            # The engine in memory keeps nothing of what has ended.
            tidy=lambda: False,
            heartbeat=a_heartbeat(ports.pulse, ports.clock, "simulated", "0"),
            take_over=None,
            clock=ports.clock,
            rate=HeartRate(poll_seconds=21_600, beat_seconds=3_600, reconcile_seconds=60),
        )

    def start(self, schedules: list[Schedule]) -> None:
        """Make the schedules those of the settings, and take up work."""
        with self._ports.state.turn() as turn:
            turn.executors.register(
                Executor(
                    name=EXECUTOR,
                    role="serve",
                    version="0",
                    started_at=self._ports.clock.now(),
                    beaten_at=self._ports.clock.now(),
                    lease_seconds=30.0,
                ),
                renews=True,
            )
        self.control.sync(schedules)
        self._ports.queue.start(self._carrying.carry_out)

    def stop(self) -> None:
        """Go in good order."""
        self.heart.stop()
        self._taking.hand_back(self._ports.queue.stop(30.0))


def _jobs(
    ports: Ports,
    ledger: Ledger,
    expectations: Expectations,
    close: CloseJob,
    verifying: Verifying,
) -> dict[JobKind, Job]:
    night = NightJob(
        ledger=ledger,
        reports=ports.reports,
        clock=ports.clock,
        metrics=ports.metrics,
        identifiers=ports.identifiers,
        expectation=expectations.own,
    )
    deadline = DeadlineJob(
        ledger=ledger,
        reports=ports.reports,
        clock=ports.clock,
        metrics=ports.metrics,
        expectation=expectations.own,
    )
    sweep = SweepJob(
        ledger=ledger,
        verifying=verifying,
        clock=ports.clock,
        metrics=ports.metrics,
        swept=SweptDaysOfOne(ledger, expectations.own, VERIFY_DAYS, ports.reports.identity),
        at_once=InMemoryAtOnce(),
    )
    retention = RetentionJob(
        ledger=ledger,
        clock=ports.clock,
        metrics=ports.metrics,
        kept=KEPT,
        pause=ports.pause,
        batch=_BATCH,
    )
    return {
        JobKind.CLOSE: close,
        JobKind.REBUILD: close,
        JobKind.NIGHT: night,
        JobKind.DEADLINE: deadline,
        JobKind.SWEEP: sweep,
        JobKind.RETENTION: retention,
    }
