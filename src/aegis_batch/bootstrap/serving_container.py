"""The wiring of a process that serves: the state, the engine, the jobs, and what drives them."""

# ruff: noqa: PLC0415 - adapters are imported when they are first needed

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from aegis_batch.adapters.outbound.state.pulse import SqlPulse
from aegis_batch.adapters.outbound.system import identifiers as system_identifiers
from aegis_batch.adapters.outbound.system.at_once import SystemAtOnce
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.resource_meter import SystemResourceMeter
from aegis_batch.application.after_run import AfterRun, Nights
from aegis_batch.application.backfill_control import BackfillControl
from aegis_batch.application.backfill_everyone import PlanEveryone
from aegis_batch.application.backfill_planning import PlanBackfillUseCase
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.breaking import Breaking
from aegis_batch.application.carrying_out import CarryOutUseCase
from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.firing import FireDueUseCase, Firing
from aegis_batch.application.heart import Heart
from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.job_starting import JobStarting
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.application.ports.service_caller import ServiceCaller
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.ports.work_queue import Lane, WorkQueue
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.roles import Role
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.application.set_back import SetBack, SetBackUseCase
from aegis_batch.application.settling import RetryPolicies, Settling
from aegis_batch.application.shard_close import ShardClose
from aegis_batch.application.takeover import TakeOverUseCase
from aegis_batch.application.taking import Taking
from aegis_batch.application.tenants_days import TenantsDays
from aegis_batch.application.timings import Timings
from aegis_batch.application.work_set_back import WorkSetBack
from aegis_batch.application.worker_heart import WorkerHeart
from aegis_batch.application.zoned_schedules import ZonedSchedules
from aegis_batch.bootstrap.breaking import break_notifier, build_breaking, rest_of_closes
from aegis_batch.bootstrap.calendars import expectations_of
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.guarding import build_limiting, lease_where_shared
from aegis_batch.bootstrap.holding import heart_rate
from aegis_batch.bootstrap.identity import among_others, executor_name, is_alone
from aegis_batch.bootstrap.jobs import build_jobs, build_nights, build_tasks
from aegis_batch.bootstrap.lean_imports import without
from aegis_batch.bootstrap.living import build_executor, build_heartbeats, build_lease
from aegis_batch.bootstrap.queueing import build_tidy, build_work_queue
from aegis_batch.bootstrap.schedules import wanted_schedules
from aegis_batch.bootstrap.services_file import build_service_caller
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state import build_state, open_database, open_work_engine
from aegis_batch.bootstrap.tenants import build_tenant_directory, choice_of, whose_jobs
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.schedule import Schedule

with without("fastapi", "pydantic_settings", "starlette"):
    # It looks at these as soon as they are there, which takes a quarter of a second.
    from dependency_injector import providers

__all__ = ["ServingContainer", "share_with_all", "tell_alive"]

_OTHER_JOBS_WAITS = 3
_LOCK_WAIT_SECONDS_MAX = 10.0


def _now(clock: Clock) -> datetime:
    return clock.now()


def _policies(settings: Settings) -> RetryPolicies:
    waits = tuple(timedelta(seconds=seconds) for seconds in settings.retry_seconds)
    gives_up_after = timedelta(days=settings.catch_up_days)
    return RetryPolicies(
        close=RetryPolicy(waits, repeats_last=True, gives_up_after=gives_up_after),
        other=RetryPolicy(waits[:_OTHER_JOBS_WAITS], repeats_last=False),
    )


def _lock_wait_seconds(settings: Settings) -> float:
    # A turn waits for other threads and then for other processes, so twice as long at most: it
    # must come to its end before the watchdog takes it for hung.
    return min(_LOCK_WAIT_SECONDS_MAX, settings.watchdog_seconds / 4)


def _notifier(settings: Settings) -> Notifier:
    from aegis_batch.adapters.outbound.http.notifier import HttpNotifier

    notify, heartbeat = settings.notify_url, settings.heartbeat_url
    return HttpNotifier(
        notify_url=None if notify is None else notify.get_secret_value(),
        heartbeat_url=None if heartbeat is None else heartbeat.get_secret_value(),
        user_agent=f"aegis-batch/{program_version()}",
    )


def _wanted_in(settings: Settings) -> Callable[[Sequence[str]], Sequence[Schedule]]:
    return partial(wanted_schedules, settings)


def _identity(reports: ReportGateway | None) -> str:
    assert reports is not None  # noqa: S101 - what serves has a Backend: load_settings sees to it
    return reports.identity


class ServingContainer(Container):
    """Builds what a process that serves is made of; every part of it may be used by any thread.

    With ``backfills_at_once`` it serves for backfills alone, so many of their periods at a time.
    """

    role: providers.Object[Role] = providers.Object(Role.SERVE)
    work: providers.Object[Mapping[Lane, int] | None] = providers.Object(None)
    backfills_at_once: providers.Object[int | None] = providers.Object(None)

    # Of the whole process: the one in the lock on the state is the one in its signs of life.
    started_at = providers.Singleton(_now, Container.clock)
    executor = providers.Singleton(executor_name, Container.settings, Container.environ)
    is_alone = providers.Callable(is_alone, Container.settings)
    lock_wait_seconds = providers.Callable(_lock_wait_seconds, Container.settings)
    database = providers.Resource(open_database, Container.settings, lock_wait_seconds)
    work_engine = providers.Resource(open_work_engine, Container.settings, lock_wait_seconds)
    state: providers.Provider[State] = providers.Singleton(
        build_state, database, work_engine, Container.clock.provided.now
    )
    pulse: providers.Provider[Pulse] = providers.Singleton(
        SqlPulse, database, Container.clock.provided.now
    )
    lease = providers.Singleton(build_lease, Container.settings, Container.clock, is_alone=is_alone)
    me = providers.Singleton(build_executor, Container.settings, executor, role, started_at)
    heartbeat = providers.Singleton(Heartbeat, pulse, Container.clock, lease, me, is_alone=is_alone)
    heartbeats = providers.Singleton(build_heartbeats, heartbeat)
    notifier: providers.Provider[Notifier] = providers.Singleton(_notifier, Container.settings)
    identifiers = providers.Object(system_identifiers)
    meter: providers.Provider[ResourceMeter] = providers.Singleton(SystemResourceMeter)
    expectations = providers.Singleton(expectations_of, Container.settings, Container.calendars)
    expectation = expectations.provided.own
    timings = providers.Singleton(Timings, providers.Singleton(SystemCron))
    ledger = providers.Singleton(Ledger, state, Container.clock, Container.metrics, notifier)
    # These stand in the place of what a command has, which is held back by nobody.
    lease_where_shared = providers.Singleton(lease_where_shared, lease, is_alone=is_alone)
    shared_limiting = providers.Singleton(
        build_limiting, Container.settings, ledger, Container.clock
    )
    shared_breaking: providers.Provider[Breaking | None] = providers.Singleton(
        build_breaking, Container.settings, state, ledger, Container.clock, Container.metrics
    )
    job_starting = providers.Singleton(
        JobStarting,
        identifiers,
        expectations,
        Container.settings.provided.jobs_waiting_max,
    )
    firing = providers.Singleton(
        Firing,
        timings,
        identifiers,
        expectations,
        providers.Callable(whose_jobs, Container.settings),
        job_starting,
    )
    schedule_control = providers.Singleton(ScheduleControl, ledger, timings, firing)
    tenant_directory: providers.Provider[TenantDirectory] = providers.Singleton(
        build_tenant_directory, Container.settings
    )
    zoned_schedules: providers.Provider[ZonedSchedules] = providers.Singleton(
        ZonedSchedules,
        ledger,
        schedule_control,
        tenant_directory,
        Container.calendars,
        providers.Callable(_wanted_in, Container.settings),
    )
    backfilling = providers.Singleton(
        Backfilling, identifiers, Container.settings.provided.shard_tenants
    )
    backfill_control = providers.Singleton(BackfillControl, ledger, backfilling)
    identity = providers.Callable(_identity, Container.report_gateway)
    nights: providers.Provider[Nights] = providers.Singleton(
        build_nights, Container.settings, expectation, identity, identifiers
    )
    after_run = providers.Singleton(AfterRun, nights, backfilling)
    tenants_days = providers.Singleton(
        TenantsDays, ledger, tenant_directory, expectations, identity
    )
    work_queue: providers.Provider[WorkQueue] = providers.Singleton(
        build_work_queue, Container.settings, work_engine, executor, work, backfills_at_once
    )
    close_job = providers.Singleton(
        CloseJob,
        providers.Factory(
            Container.daily_close,
            sealed_days=providers.Singleton(SealedDays, state.provided.look, Container.policy),
        ),
        Container.deriving.provided.read,
    )
    plan_backfill: providers.Provider[PlanBackfillUseCase] = providers.Singleton(
        PlanBackfillUseCase,
        ledger=ledger,
        reports=Container.report_gateway,
        clock=Container.clock,
        identifiers=identifiers,
        calendars=Container.calendars,
        backfilling=backfilling,
        everyone=providers.Singleton(
            PlanEveryone,
            ledger,
            providers.Singleton(choice_of, Container.settings, tenant_directory),
            Container.report_gateway,
            Container.clock,
            identifiers,
            Container.calendars,
        ),
    )
    services: providers.Provider[ServiceCaller] = providers.Singleton(
        build_service_caller, Container.settings, Container.environ
    )
    tasks = providers.Singleton(
        build_tasks,
        Container.settings,
        ledger=ledger,
        clock=Container.clock,
        metrics=Container.metrics,
        reports=Container.report_gateway,
        verifying=Container.verifying,
        planning=plan_backfill,
        services=services,
        directory=tenant_directory,
    )
    jobs = providers.Singleton(
        build_jobs,
        Container.settings,
        ledger=ledger,
        clock=Container.clock,
        metrics=Container.metrics,
        reports=Container.report_gateway,
        identifiers=identifiers,
        expectations=expectations,
        tenants_days=tenants_days,
        verifying=Container.verifying,
        close=close_job,
        tasks=tasks,
    )
    taking = providers.Singleton(
        Taking,
        ledger,
        executor,
        providers.Callable(partial, rest_of_closes, shared_breaking),
        Container.settings.provided.tenant_concurrency,
        lease,
    )
    carry_out: providers.Provider[CarryOutUseCase] = providers.Singleton(
        CarryOutUseCase,
        taking=taking,
        settling=providers.Singleton(
            Settling,
            ledger=ledger,
            meter=meter,
            executor=executor,
            policies=providers.Singleton(_policies, Container.settings),
            calendars=Container.policy.provided.calendars,
            after_run=after_run,
        ),
        clock=Container.clock,
        meter=meter,
        jobs=jobs,
        of_many=providers.Singleton(
            ShardClose,
            close_job,
            Container.order_reader,
            Container.policy.provided.rules.tolerance,
            providers.Singleton(
                SystemAtOnce, Container.settings.provided.shard_submissions_at_once
            ),
            Container.clock,
            meter,
        ),
        listener=Container.listener,
    )
    deliver_notices = providers.Singleton(
        DeliverNoticesUseCase,
        ledger,
        providers.Singleton(
            break_notifier, notifier, shared_breaking, Container.settings, Container.clock
        ),
    )
    reconcile = providers.Singleton(
        ReconcileUseCase,
        ledger,
        work_queue,
        after_run,
        providers.Callable(among_others, executor, is_alone=is_alone),
    )
    # A state in a file has one process that serves, and those who close by hand.
    take_over = providers.Singleton(TakeOverUseCase, ledger, pulse, Container.clock, lease, me)
    heart: providers.Provider[Heart] = providers.Singleton(
        Heart,
        fire_due=providers.Singleton(FireDueUseCase, ledger, firing),
        reconcile=reconcile,
        set_back=providers.Singleton(
            SetBackUseCase,
            ledger,
            providers.Singleton(SetBack, timings),
            providers.Singleton(WorkSetBack, expectations, after_run),
        ),
        tidy=providers.Singleton(build_tidy, work_engine, Container.clock),
        heartbeat=heartbeat,
        take_over=take_over,
        clock=Container.clock,
        rate=providers.Singleton(heart_rate, Container.settings),
    )
    worker_heart: providers.Provider[WorkerHeart] = providers.Singleton(
        WorkerHeart,
        heartbeat,
        take_over,
        reconcile,
        Container.clock,
        Container.settings.provided.poll_seconds,
    )


def share_with_all(container: ServingContainer) -> None:
    """Have a process that carries out work go by what all such processes share."""
    container.breaking.override(container.shared_breaking)
    container.lease_to_hold.override(container.lease_where_shared)
    container.limiting.override(container.shared_limiting)


def tell_alive(container: ServingContainer) -> None:
    """Have a process that stays tell with each export that it lives."""
    exporting = container.exporting()
    if exporting is not None:
        exporting.tell_alive(container.role().value, container.clock().now)
