"""Builds the process that serves."""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import NoReturn

from loguru import logger

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.services import ServingDesk
from aegis_batch.adapters.inbound.serving.server import Limits, Parts, Server
from aegis_batch.adapters.outbound.system.instance_lock import LockHolder, hold_instance_lock
from aegis_batch.application.listening import AttemptListener
from aegis_batch.application.ports.clock import Clock
from aegis_batch.bootstrap.identity import state_file
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.run_limit import refuse_longer_runs
from aegis_batch.bootstrap.schedules import wanted_schedules
from aegis_batch.bootstrap.serving_container import ServingContainer
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state import make_ready, refuse_outdated
from aegis_batch.bootstrap.telemetry import set_up_logs, warn_of_unknown
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.printable import printable

__all__ = ["end_hung", "leave", "limits_of", "open_serving"]

_NEEDS = ("database_url", "backend_base_url", "x_service_token")
_LAST_WORDS_SECONDS = 2.0


@contextmanager
def open_serving(environ: Mapping[str, str], clock: Clock) -> Iterator[ServingDesk]:
    """Yield what serves, holding the state for this process alone, its schema brought up to date.

    Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
    """
    settings = load_settings(environ, required=_NEEDS)
    set_up_logs(settings.log_level, settings.log_format)
    warn_of_unknown(unknown_variables(environ))
    refuse_longer_runs(settings)
    wanted = wanted_schedules(settings)
    container = ServingContainer(settings=settings, environ=environ, listener=AttemptListener())
    file = state_file(settings)
    executor = container.executor()
    with ExitStack() as stack:
        with suppress(OSError):
            # Where that fails, the lock says why.
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stack.enter_context(
            hold_instance_lock(file, LockHolder(os.getpid(), executor, container.started_at()))
        )
        stack.callback(container.shutdown_resources)
        if settings.state_migrate:
            make_ready(container.database(), container.work_engine())
        else:
            refuse_outdated(container.database())
        parts = Parts(
            heart=container.heart(),
            queue=container.work_queue(),
            schedules=container.schedule_control(),
            wanted=wanted,
            carry_out=container.carry_out().carry_out,
            hand_back=container.carry_out().hand_back,
            deliver_notices=container.deliver_notices().deliver,
            clock=clock,
            told={
                "version": program_version(),
                "executor": executor,
                "state": printable(str(file)),
            },
        )
        server = Server(parts, limits_of(settings), end_hung)
        yield ServingDesk(server.serve, partial(leave, container))


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
    container.exporting.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(exit_status)
