"""Builds what plans a backfill, what carries it out where nothing serves, and what rehearses it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from aegis_batch.adapters.inbound.cli.services import PlanningDesk, ServingDesk
from aegis_batch.adapters.inbound.serving.server import Parts, Server
from aegis_batch.adapters.outbound.system import identifiers
from aegis_batch.application.backfill_control import BackfillProgress
from aegis_batch.application.backfill_heart import BackfillHeart
from aegis_batch.application.backfill_rehearsal import (
    AskedWhileAnswering,
    RehearseEveryoneUseCase,
    RehearseUseCase,
)
from aegis_batch.application.close_job import Rehearsal
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.health import HealthCheck
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.roles import Role
from aegis_batch.bootstrap.close_everyone import close_everyone_of
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.holding import (
    health_of,
    hold_for_serving,
    is_at_rest,
    is_wanted,
    make_folder,
    refuse_served,
)
from aegis_batch.bootstrap.identity import executor_id, operator
from aegis_batch.bootstrap.ledger_desk import LeftToServe
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.run_limit import refuse_longer_runs
from aegis_batch.bootstrap.serving import begin_anew, end_hung, leave, limits_of
from aegis_batch.bootstrap.serving_container import ServingContainer, share_with_all
from aegis_batch.bootstrap.settings import LogLevel, Settings
from aegis_batch.bootstrap.state import make_ready, refuse_outdated
from aegis_batch.bootstrap.telemetry import set_up_logs, warn_of_unknown
from aegis_batch.bootstrap.tenants import build_tenant_directory
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.printable import printable

__all__ = [
    "open_backfill_carrying",
    "open_backfill_planning",
    "open_backfill_rehearsal",
    "open_backfill_rehearsal_of_all",
]

_NEEDS = ("database_url", "backend_base_url", "x_service_token")
_REHEARSAL_NEEDS = ("database_url",)


@contextmanager
def open_backfill_planning(environ: Mapping[str, str]) -> Iterator[PlanningDesk]:
    """Yield what plans and starts backfills; nothing is launched.

    The state is brought up to date, unless another process is at work on it.
    """
    settings = _settings(environ, _NEEDS)
    warn_of_unknown(unknown_variables(environ))
    container = ServingContainer(settings=settings, environ=environ, listener=None)
    container.notifier.override(LeftToServe(settings))
    with ExitStack() as stack:
        make_folder(settings)
        stack.callback(container.shutdown_resources)
        if settings.state_migrate and is_at_rest(_health(container)):
            make_ready(container.database(), container.work_engine())
        yield PlanningDesk(
            container.plan_backfill(), operator(settings), settings.backfill_max_active
        )


@contextmanager
def open_backfill_carrying(
    environ: Mapping[str, str],
    clock: Clock,
    backfill_id: str,
    tell: Callable[[BackfillProgress], None],
) -> Iterator[ServingDesk]:
    """Yield what carries out backfills until one has ended, holding the state meanwhile.

    Schedules are left alone, and whatever else is queued waits for a process that serves. Where one
    starts, it is handed the state, and goes on with the backfill too.
    """
    settings = _settings(environ, _NEEDS)
    refuse_longer_runs(settings)
    container = ServingContainer(settings=settings, environ=environ, listener=AttemptListener())
    container.role.override(Role.BACKFILL)
    share_with_all(container)
    executor = container.executor()
    with ExitStack() as stack:
        stack.enter_context(hold_for_serving(settings, executor, clock.now(), yields=True))
        stack.callback(container.shutdown_resources)
        refuse_served(settings, _health(container))
        refuse_outdated(container.database())
        control = container.backfill_control()
        max_active = control.progress(backfill_id).backfill.max_active
        container.backfills_at_once.override(max(max_active, settings.backfill_max_active))
        heartbeat = container.heartbeat()
        heart = BackfillHeart(
            heartbeat=heartbeat,
            take_over=container.take_over(),
            reconcile=container.reconcile(),
            control=control,
            clock=clock,
            backfill_id=backfill_id,
            tell=tell,
            is_wanted=partial(is_wanted, settings),
        )
        parts = Parts(
            heart=heart,
            heartbeats=container.heartbeats(),
            queue=container.work_queue(),
            schedules=None,
            wanted=(),
            carry_out=container.carry_out().carry_out,
            hand_back=container.taking().hand_back,
            deliver_notices=container.deliver_notices().deliver,
            clock=clock,
            told={
                "version": program_version(),
                "executor": executor,
                "state": printable(container.database().name),
                "backfill": backfill_id,
            },
            is_over=heart.is_over,
        )
        server = Server(parts, limits_of(settings), end_hung)
        yield ServingDesk(server.serve, partial(leave, container), partial(begin_anew, container))


@contextmanager
def open_backfill_rehearsal(environ: Mapping[str, str], clock: Clock) -> Iterator[RehearseUseCase]:
    """Yield what rehearses a range; it needs no state, and sends nothing."""
    settings = _settings(environ, _REHEARSAL_NEEDS)
    warn_of_unknown(unknown_variables(environ))
    container = Container(settings=settings, listener=None, environ=environ)
    try:
        reports = container.report_gateway()
        use_case = DailyCloseUseCase(
            orders=container.order_reader(),
            reports=None,
            finder=None if reports is None else AskedWhileAnswering(reports),
            clock=container.clock(),
            metrics=container.metrics(),
            policy=container.policy(),
        )
        yield RehearseUseCase(use_case, clock, identifiers, container.calendars())
    finally:
        container.shutdown_resources()


@contextmanager
def open_backfill_rehearsal_of_all(
    environ: Mapping[str, str], clock: Clock
) -> Iterator[RehearseEveryoneUseCase]:
    """Yield what rehearses a range of all tenants; it needs no state, and sends nothing."""
    settings = _settings(environ, _REHEARSAL_NEEDS)
    warn_of_unknown(unknown_variables(environ))
    container = Container(settings=settings, listener=AttemptListener(), environ=environ)
    try:
        reports = container.report_gateway()
        if reports is not None:
            container.report_finder.override(AskedWhileAnswering(reports))
        closes = close_everyone_of(container, Rehearsal())
        directory = build_tenant_directory(settings)
        yield RehearseEveryoneUseCase(closes, directory, clock, container.calendars())
    finally:
        container.shutdown_resources()


def _health(container: ServingContainer) -> HealthCheck:
    settings = container.settings()
    machine = executor_id(settings, container.environ())
    return health_of(settings, container.database(), machine, container.clock())


def _settings(environ: Mapping[str, str], required: tuple[str, ...]) -> Settings:
    settings = load_settings(environ, required=required)
    level = settings.log_level
    if "log_level" not in settings.model_fields_set:
        # Ten lines a day would bury the progress.
        level = LogLevel.WARNING
    set_up_logs(level, settings.log_format)
    return settings
