"""Builds the process that serves."""

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import NoReturn

from loguru import logger

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.services import ServingDesk, Staffing
from aegis_batch.adapters.inbound.serving.server import Limits, Parts, Server
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.roles import Role
from aegis_batch.bootstrap.control import control_of
from aegis_batch.bootstrap.event_inbox import take_events_of
from aegis_batch.bootstrap.holding import hold_for_serving, make_folder
from aegis_batch.bootstrap.identity import is_alone
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.queueing import work_of_a_process
from aegis_batch.bootstrap.run_limit import refuse_longer_runs
from aegis_batch.bootstrap.schedules import wanted_schedules
from aegis_batch.bootstrap.serving_container import ServingContainer, share_with_all, tell_alive
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state import make_ready, refuse_outdated
from aegis_batch.bootstrap.telemetry import set_up_logs, warn_of_unknown
from aegis_batch.bootstrap.tenancy_types import Tenancy
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable
from aegis_batch.domain.schedule import Schedule

__all__ = ["begin_anew", "end_hung", "leave", "limits_of", "open_serving"]

_NEEDS = ("database_url", "backend_base_url", "x_service_token")
_LAST_WORDS_SECONDS = 2.0


@contextmanager
def open_serving(
    environ: Mapping[str, str], clock: Clock, staffing: Staffing
) -> Iterator[ServingDesk]:
    """Yield what serves, holding the state's file for this process, the schema brought up to date.

    Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
    """
    settings = load_settings(environ, required=_NEEDS)
    set_up_logs(settings.log_level, settings.log_format)
    warn_of_unknown(unknown_variables(environ))
    refuse_longer_runs(settings)
    _refuse_unshared(settings, staffing.role)
    wanted = wanted_schedules(settings)
    container = ServingContainer(settings=settings, environ=environ, listener=AttemptListener())
    container.role.override(staffing.role)
    share_with_all(container)
    container.work.override(work_of_a_process(settings, staffing.concurrency, staffing.lanes))
    executor = container.executor()
    with ExitStack() as stack:
        make_folder(settings)
        stack.enter_context(hold_for_serving(settings, executor, container.started_at()))
        stack.callback(container.shutdown_resources)
        if settings.state_migrate:
            make_ready(container.database(), container.work_engine())
        else:
            refuse_outdated(container.database())
        parts = _parts(container, staffing.role, wanted, clock)
        server = Server(parts, limits_of(settings), end_hung)
        if settings.control_enabled and staffing.role is not Role.WORKER:
            stack.enter_context(control_of(container))
        tell_alive(container)
        yield ServingDesk(server.serve, partial(leave, container))


def _parts(
    container: ServingContainer, role: Role, wanted: Sequence[Schedule], clock: Clock
) -> Parts:
    """Return what a process of a role drives."""
    schedules = role is not Role.WORKER
    works = role is not Role.SCHEDULER
    is_zoned = schedules and container.settings().tenancy is Tenancy.MULTI
    zoned = container.zoned_schedules() if is_zoned else None
    return Parts(
        heart=container.heart() if schedules else container.worker_heart(),
        heartbeats=container.heartbeats(),
        queue=container.work_queue() if works else None,
        schedules=container.schedule_control() if schedules else None,
        wanted=(wanted if zoned is None else zoned.kept()) if schedules else (),
        look_for_zones=None if zoned is None else zoned.refresh,
        carry_out=container.carry_out().carry_out,
        hand_back=container.taking().hand_back,
        deliver_notices=container.deliver_notices().deliver if schedules else None,
        take_events=take_events_of(container) if schedules else None,
        clock=clock,
        told={
            "version": program_version(),
            "executor": container.executor(),
            "role": role.value,
            "state": printable(container.database().name),
            "queues": ", ".join(lane.name for lane in container.work() or ()) if works else "",
        },
    )


def _refuse_unshared(settings: Settings, role: Role) -> None:
    """Raise ``InvalidRequest`` where a process would need others that can't be beside it."""
    if role is not Role.SERVE and is_alone(settings):
        raise InvalidRequest(
            "state_not_shared",
            f"A {role.value} shares the state with other processes, and this state is in a file,"
            " which one process has at a time.",
            "Run aegis-batch serve, which is scheduler and worker in one, or set AEGIS_STATE_URL to"
            " a PostgreSQL database.",
        )


def limits_of(settings: Settings) -> Limits:
    """Return how long things may take, by the settings."""
    return Limits(
        drain_seconds=settings.drain_seconds,
        watchdog_seconds=settings.watchdog_seconds,
        notices_every_seconds=settings.queue_poll_seconds,
        state_away_seconds=settings.watchdog_seconds / 2,
    )


def end_hung(seconds: float, place: str) -> NoReturn:
    """End the process that has not ticked for so long, with a last word if that is possible."""

    def tell() -> None:
        logger.bind(event="serve.hung", seconds=round(seconds, 1), place=place).critical(
            "nothing has ticked for {:.0f} s, last seen at {}: the process ends itself",
            seconds,
            place,
        )

    # What hangs may well hold the log: then there is no last word.
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    teller.join(_LAST_WORDS_SECONDS)
    os._exit(ExitStatus.DEFECT)


def leave(container: ServingContainer, exit_status: int) -> NoReturn:
    """End the process although threads are left, once telemetry has been sent.

    The state stays held until the very end: nobody takes up the work that they are still at.
    """
    _say_last_words(container)
    os._exit(exit_status)


def begin_anew(container: ServingContainer, arguments: Sequence[str]) -> NoReturn:
    """Put this program, with other arguments, in the place of the process that has threads left.

    They end, and with them the hold on the state, in the same moment. Source: execve(2).
    """
    _say_last_words(container)
    program = [sys.executable, "-P", "-m", "aegis_batch"]
    os.execv(sys.executable, [*program, *arguments])  # noqa: S606 - it is this very program


def _say_last_words(container: ServingContainer) -> None:
    container.exporting.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
