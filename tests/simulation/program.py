"""One life of the program: the real use cases over the world's adapters, until it dies."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.memory.pulse import InMemoryPulse
from aegis_batch.adapters.outbound.memory.resource_meter import InMemoryResourceMeter
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.carrying_out import CarryOutUseCase, RetryPolicies
from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.daily_close import DailyCloseUseCase, ReportPolicy
from aegis_batch.application.dead_letter_decisions import DeadLetterDecisions
from aegis_batch.application.deadline import DeadlineJob
from aegis_batch.application.firing import FireDueUseCase, Firing
from aegis_batch.application.heart import Heart, HeartRate
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.night import NightJob
from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.application.ports.metrics_sink import MetricsSink
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.order_reader import OrderReader
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.state import State
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.timings import Timings
from aegis_batch.domain.expectation import Expectation
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Schedule

__all__ = ["Ports", "Program", "start"]

_MINUTE = timedelta(minutes=1)
_WAITS = (_MINUTE, 2 * _MINUTE, 4 * _MINUTE, 15 * _MINUTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What outlives every life of the program."""

    clock: InMemoryClock
    state: State
    queue: InMemoryWorkQueue
    orders: OrderReader
    reports: ReportGateway
    notifier: Notifier
    metrics: MetricsSink
    identifiers: InMemoryIdentifiers
    pulse: InMemoryPulse


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What the driver calls."""

    heart: Heart
    carry_out: Callable[[str, str], None]
    deliver: DeliverNoticesUseCase
    dead_letters: DeadLetterDecisions
    control: ScheduleControl


def start(
    ports: Ports, policy: ReportPolicy, expectation: Expectation, schedules: list[Schedule]
) -> Program:
    """Wire the use cases, sync the schedules, and take up work."""
    ledger = Ledger(ports.state, ports.clock, ports.metrics, ports.notifier)
    timings = Timings(SystemCron())
    firing = Firing(timings, ports.identifiers, expectation)
    after_run = AfterRun(expectation)
    close = DailyCloseUseCase(ports.orders, ports.reports, ports.clock, ports.metrics, policy)
    asking = {
        "ledger": ledger,
        "reports": ports.reports,
        "clock": ports.clock,
        "metrics": ports.metrics,
        "expectation": expectation,
    }
    carrying = CarryOutUseCase(
        ledger=ledger,
        clock=ports.clock,
        meter=InMemoryResourceMeter(),
        executor="simulated",
        jobs={
            JobKind.CLOSE: CloseJob(close),
            JobKind.NIGHT: NightJob(identifiers=ports.identifiers, **asking),  # type: ignore[arg-type] # by name
            JobKind.DEADLINE: DeadlineJob(**asking),  # type: ignore[arg-type] # by name
        },
        policies=RetryPolicies(
            close=RetryPolicy(_WAITS, repeats_last=True, gives_up_after=expectation.catch_up),
            other=RetryPolicy(_WAITS[:3], repeats_last=False),
        ),
        expectation=expectation,
        after_run=after_run,
    )
    control = ScheduleControl(ledger, timings, firing)
    control.sync(schedules)
    ports.queue.start(carrying.carry_out)
    return Program(
        heart=Heart(
            fire_due=FireDueUseCase(ledger, firing),
            reconcile=ReconcileUseCase(ledger, ports.queue, after_run),
            pulse=ports.pulse,
            clock=ports.clock,
            rate=HeartRate(poll_seconds=21_600, beat_seconds=3_600, reconcile_seconds=60),
            executor="simulated",
            version="0",
        ),
        carry_out=carrying.carry_out,
        deliver=DeliverNoticesUseCase(ledger, ports.notifier),
        dead_letters=DeadLetterDecisions(ledger, ports.identifiers),
        control=control,
    )
