"""The wiring of a process that serves: the state, the engine, the jobs, and what drives them."""

# ruff: noqa: PLC0415 - adapters are imported when they are first needed

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dependency_injector import providers

from aegis_batch.adapters.outbound.state.pulse import SqlPulse
from aegis_batch.adapters.outbound.system import identifiers as system_identifiers
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.adapters.outbound.system.pauses import let_others_in
from aegis_batch.adapters.outbound.system.resource_meter import SystemResourceMeter
from aegis_batch.application.after_run import AfterRun
from aegis_batch.application.backfill_control import BackfillControl
from aegis_batch.application.backfill_planning import PlanBackfillUseCase
from aegis_batch.application.backfilling import Backfilling
from aegis_batch.application.carrying_out import CarryOutUseCase, RetryPolicies
from aegis_batch.application.close_job import CloseJob
from aegis_batch.application.deadline import DeadlineJob
from aegis_batch.application.firing import FireDueUseCase, Firing
from aegis_batch.application.heart import Heart
from aegis_batch.application.jobs import Job
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.night import NightJob
from aegis_batch.application.notice_delivery import DeliverNoticesUseCase
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.application.ports.pulse import Pulse
from aegis_batch.application.ports.report_gateway import ReportGateway
from aegis_batch.application.ports.resource_meter import ResourceMeter
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.work_queue import Lane, WorkQueue
from aegis_batch.application.reconciling import ReconcileUseCase
from aegis_batch.application.retention import RetentionJob
from aegis_batch.application.schedule_control import ScheduleControl
from aegis_batch.application.sealed_days import SealedDays
from aegis_batch.application.set_back import SetBack, SetBackUseCase
from aegis_batch.application.sweep import SweepJob
from aegis_batch.application.timings import Timings
from aegis_batch.application.work_set_back import WorkSetBack
from aegis_batch.bootstrap.calendars import expectation_of
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.health import heart_rate
from aegis_batch.bootstrap.identity import executor_id
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state import build_state, open_database, open_work_engine
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.retrying import RetryPolicy
from aegis_batch.domain.run import JobKind

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["ServingContainer"]

_OTHER_JOBS_WAITS = 3
# The night, the deadline's check and the sweep must not wait for one another.
_JOBS_AT_ONCE = 3
_LOCK_WAIT_SECONDS_MAX = 10.0
_BACKFILL_POLL_SECONDS = 1.0
_FOREGROUND_POLL_SECONDS = 0.05


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


def _work_queue(
    settings: Settings, engine: "Engine", executor: str, backfills_at_once: int | None
) -> WorkQueue:
    from aegis_batch.adapters.outbound.dbos.work_queue import DbosWorkQueue, QueueSettings

    if backfills_at_once is not None:
        # Somebody waits for it.
        return DbosWorkQueue(
            engine,
            QueueSettings(
                executor=executor,
                concurrency={Lane.BACKFILL: backfills_at_once},
                polling_seconds=min(settings.queue_poll_seconds, 1.0),
                backfill_polling_seconds=_FOREGROUND_POLL_SECONDS,
            ),
        )
    return DbosWorkQueue(
        engine,
        QueueSettings(
            executor=executor,
            concurrency={
                Lane.CLOSES: settings.worker_concurrency,
                Lane.JOBS: _JOBS_AT_ONCE,
                Lane.BACKFILL: settings.backfill_max_active,
            },
            polling_seconds=settings.queue_poll_seconds,
            # A close that ends makes room for the next one, which must not wait for long.
            backfill_polling_seconds=min(settings.queue_poll_seconds, _BACKFILL_POLL_SECONDS),
        ),
    )


def _tidy(engine: "Engine", clock: Clock) -> Callable[[], bool]:
    from aegis_batch.adapters.outbound.dbos.retention import EndedWorkTidier
    from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk

    return EndedWorkTidier(DbosIntakeDesk(engine), clock.now).tidy


def _jobs(
    *, close: Job, night: Job, deadline: Job, retention: Job, sweep: Job
) -> Mapping[JobKind, Job]:
    return {
        JobKind.CLOSE: close,
        JobKind.REBUILD: close,
        JobKind.NIGHT: night,
        JobKind.DEADLINE: deadline,
        JobKind.RETENTION: retention,
        JobKind.SWEEP: sweep,
    }


def _identity(reports: ReportGateway | None) -> str:
    assert reports is not None  # noqa: S101 - what serves has a Backend: load_settings sees to it
    return reports.identity


class ServingContainer(Container):
    """Builds what a process that serves is made of; every part of it may be used by any thread.

    With ``backfills_at_once`` it serves for backfills alone, so many of their periods at a time.
    """

    backfills_at_once: providers.Object[int | None] = providers.Object(None)

    # Of the whole process: the one in the lock on the state is the one in its signs of life.
    started_at = providers.Singleton(_now, Container.clock)
    executor = providers.Singleton(executor_id, Container.settings, Container.environ)
    lock_wait_seconds = providers.Callable(_lock_wait_seconds, Container.settings)
    database = providers.Resource(open_database, Container.settings, lock_wait_seconds)
    work_engine = providers.Resource(open_work_engine, Container.settings, lock_wait_seconds)
    state: providers.Provider[State] = providers.Singleton(build_state, database, work_engine)
    pulse: providers.Provider[Pulse] = providers.Singleton(SqlPulse, database)
    notifier: providers.Provider[Notifier] = providers.Singleton(_notifier, Container.settings)
    identifiers = providers.Object(system_identifiers)
    meter: providers.Provider[ResourceMeter] = providers.Singleton(SystemResourceMeter)
    expectation = providers.Singleton(expectation_of, Container.settings)
    timings = providers.Singleton(Timings, providers.Singleton(SystemCron))
    ledger = providers.Singleton(Ledger, state, Container.clock, Container.metrics, notifier)
    firing = providers.Singleton(Firing, timings, identifiers, expectation)
    schedule_control = providers.Singleton(ScheduleControl, ledger, timings, firing)
    backfilling = providers.Singleton(Backfilling, identifiers)
    backfill_control = providers.Singleton(BackfillControl, ledger, backfilling)
    after_run = providers.Singleton(
        AfterRun, expectation, providers.Callable(_identity, Container.report_gateway), backfilling
    )
    work_queue: providers.Provider[WorkQueue] = providers.Singleton(
        _work_queue, Container.settings, work_engine, executor, backfills_at_once
    )
    jobs = providers.Singleton(
        _jobs,
        close=providers.Singleton(
            CloseJob,
            providers.Factory(
                Container.daily_close,
                sealed_days=providers.Singleton(SealedDays, state.provided.look, Container.policy),
            ),
        ),
        night=providers.Singleton(
            NightJob,
            ledger=ledger,
            reports=Container.report_gateway,
            clock=Container.clock,
            metrics=Container.metrics,
            identifiers=identifiers,
            expectation=expectation,
        ),
        deadline=providers.Singleton(
            DeadlineJob,
            ledger=ledger,
            reports=Container.report_gateway,
            clock=Container.clock,
            metrics=Container.metrics,
            expectation=expectation,
        ),
        retention=providers.Singleton(
            RetentionJob,
            ledger=ledger,
            clock=Container.clock,
            metrics=Container.metrics,
            kept=providers.Factory(timedelta, days=Container.settings.provided.retention_days),
            pause=providers.Object(let_others_in),
        ),
        sweep=providers.Singleton(
            SweepJob,
            ledger=ledger,
            verifying=Container.verifying,
            clock=Container.clock,
            metrics=Container.metrics,
            expectation=expectation,
            days=Container.settings.provided.verify_days,
            backend=providers.Callable(_identity, Container.report_gateway),
        ),
    )
    carry_out: providers.Provider[CarryOutUseCase] = providers.Singleton(
        CarryOutUseCase,
        ledger=ledger,
        clock=Container.clock,
        meter=meter,
        executor=executor,
        jobs=jobs,
        policies=providers.Singleton(_policies, Container.settings),
        expectation=expectation,
        after_run=after_run,
        listener=Container.listener,
    )
    plan_backfill: providers.Provider[PlanBackfillUseCase] = providers.Singleton(
        PlanBackfillUseCase,
        ledger=ledger,
        reports=Container.report_gateway,
        clock=Container.clock,
        identifiers=identifiers,
        calendar=expectation.provided.calendar,
        backfilling=backfilling,
    )
    deliver_notices = providers.Singleton(DeliverNoticesUseCase, ledger, notifier)
    reconcile = providers.Singleton(ReconcileUseCase, ledger, work_queue, after_run)
    heart: providers.Provider[Heart] = providers.Singleton(
        Heart,
        fire_due=providers.Singleton(FireDueUseCase, ledger, firing),
        reconcile=providers.Singleton(ReconcileUseCase, ledger, work_queue, after_run),
        set_back=providers.Singleton(
            SetBackUseCase,
            ledger,
            providers.Singleton(SetBack, timings),
            providers.Singleton(WorkSetBack, expectation, after_run),
        ),
        tidy=providers.Singleton(_tidy, work_engine, Container.clock),
        pulse=pulse,
        clock=Container.clock,
        rate=providers.Singleton(heart_rate, Container.settings),
        executor=executor,
        version=providers.Singleton(program_version),
        started_at=started_at,
    )
