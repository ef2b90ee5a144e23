"""Builds what keeps this process among the living."""

import os
import threading
from datetime import datetime
from typing import NoReturn

from loguru import logger

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.serving.heartbeats import Heartbeats
from aegis_batch.application.executor_lease import ExecutorLease
from aegis_batch.application.heartbeat import Heartbeat
from aegis_batch.application.ports.clock import Clock
from aegis_batch.application.ports.executors import Executor
from aegis_batch.application.roles import Role
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.version import program_version

__all__ = [
    "BEATS_A_LEASE",
    "build_executor",
    "build_heartbeats",
    "build_lease",
]

BEATS_A_LEASE = 3
_LAST_WORDS_SECONDS = 2.0


def build_executor(settings: Settings, name: str, role: Role, started_at: datetime) -> Executor:
    """Return who this process is, as it registers."""
    return Executor(
        name=name,
        role=role.value,
        version=program_version(),
        started_at=started_at,
        beaten_at=started_at,
        lease_seconds=settings.executor_lease_seconds,
    )


def build_lease(settings: Settings, clock: Clock, *, is_alone: bool) -> ExecutorLease:
    """Return the lease of this process, which never runs out where it is alone."""
    return ExecutorLease(clock, None if is_alone else settings.executor_lease_seconds)


def build_heartbeats(heartbeat: Heartbeat) -> Heartbeats | None:
    """Return what gives signs of life; ``None`` where the process is alone: its heart does."""
    if heartbeat.is_alone:
        return None
    every_seconds = heartbeat.executor.lease_seconds / BEATS_A_LEASE
    return Heartbeats(heartbeat.beat, every_seconds, lambda: _end_buried(heartbeat.executor.name))


def _end_buried(name: str) -> NoReturn:
    """End the process whose work others do by now, with a last word if that is possible."""

    def tell() -> None:
        logger.bind(event="executor.buried", executor=name).critical(
            "others have taken this process for dead, and its work over: it ends itself"
        )

    # What was frozen may well hold the log: then there is no last word.
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    teller.join(_LAST_WORDS_SECONDS)
    os._exit(ExitStatus.STATE_UNAVAILABLE)
