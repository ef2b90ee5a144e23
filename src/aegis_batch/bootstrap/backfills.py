"""Builds what plans a backfill, what carries it out where nothing serves, and what rehearses it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from aegis_batch.adapters.inbound.cli.services import PlanningDesk, ServingDesk
from aegis_batch.adapters.inbound.serving.server import Parts, Server
from aegis_batch.adapters.outbound.system import identifiers
from aegis_batch.adapters.outbound.system.instance_lock import (
    LockHolder,
    find_lock_holder,
    hold_instance_lock,
)
from aegis_batch.application.backfill_control import BackfillProgress
from aegis_batch.application.backfill_heart import BackfillHeart
from aegis_batch.application.backfill_rehearsal import AskedWhileAnswering, RehearseUseCase
from aegis_batch.application.daily_close import DailyCloseUseCase
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.ports.clock import Clock
from aegis_batch.bootstrap.calendars import calendar_of
from aegis_batch.bootstrap.container import Container
from aegis_batch.bootstrap.identity import operator, state_file
from aegis_batch.bootstrap.ledger_desk import LeftToServe
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.run_limit import refuse_longer_runs
from aegis_batch.bootstrap.serving import end_hung, leave, limits_of
from aegis_batch.bootstrap.serving_container import ServingContainer
from aegis_batch.bootstrap.settings import LogLevel, Settings
from aegis_batch.bootstrap.state import make_ready, refuse_outdated
from aegis_batch.bootstrap.telemetry import set_up_logs, warn_of_unknown
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.printable import printable

__all__ = ["open_backfill_carrying", "open_backfill_planning", "open_backfill_rehearsal"]

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
    file = state_file(settings)
    with ExitStack() as stack:
        with suppress(OSError):
            # Where that fails, opening the state says why.
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stack.callback(container.shutdown_resources)
        if settings.state_migrate and find_lock_holder(file) is None:
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

    Schedules are left alone, and whatever else is queued waits for a process that serves.
    """
    settings = _settings(environ, _NEEDS)
    refuse_longer_runs(settings)
    container = ServingContainer(settings=settings, environ=environ, listener=AttemptListener())
    file = state_file(settings)
    executor = container.executor()
    with ExitStack() as stack:
        stack.enter_context(
            hold_instance_lock(file, LockHolder(os.getpid(), executor, clock.now()))
        )
        stack.callback(container.shutdown_resources)
        refuse_outdated(container.database())
        control = container.backfill_control()
        max_active = control.progress(backfill_id).backfill.max_active
        container.backfills_at_once.override(max(max_active, settings.backfill_max_active))
        heart = BackfillHeart(container.reconcile(), control, clock, backfill_id, tell)
        parts = Parts(
            heart=heart,
            queue=container.work_queue(),
            schedules=None,
            wanted=(),
            carry_out=container.carry_out().carry_out,
            hand_back=container.carry_out().hand_back,
            deliver_notices=container.deliver_notices().deliver,
            clock=clock,
            told={
                "version": program_version(),
                "executor": executor,
                "state": printable(str(file)),
                "backfill": backfill_id,
            },
            is_over=heart.is_over,
        )
        server = Server(parts, limits_of(settings), end_hung)
        yield ServingDesk(server.serve, partial(leave, container))


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
            reports=None if reports is None else AskedWhileAnswering(reports),
            clock=container.clock(),
            metrics=container.metrics(),
            policy=container.policy(),
        )
        yield RehearseUseCase(use_case, clock, identifiers, calendar_of(settings))
    finally:
        container.shutdown_resources()


def _settings(environ: Mapping[str, str], required: tuple[str, ...]) -> Settings:
    settings = load_settings(environ, required=required)
    level = settings.log_level
    if "log_level" not in settings.model_fields_set:
        # Ten lines a day would bury the progress.
        level = LogLevel.WARNING
    set_up_logs(level, settings.log_format)
    return settings
