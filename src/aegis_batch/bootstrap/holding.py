"""Who has a state: whoever holds its file's lock, or gives signs of life on a server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.pulse import SqlPulse
from aegis_batch.adapters.outbound.system.instance_lock import (
    LockHolder,
    find_lock_holder,
    hold_instance_lock,
)
from aegis_batch.adapters.outbound.system.instance_lock import is_wanted as is_file_wanted
from aegis_batch.application.fleet_health import FleetHealth
from aegis_batch.application.health import HealthCheck, HealthUseCase
from aegis_batch.application.heart import HeartRate
from aegis_batch.application.ports.clock import Clock
from aegis_batch.bootstrap.identity import state_location
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.domain.errors import StateMisfit, StateUnavailable

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.state.database import StateDatabase

__all__ = [
    "health_of",
    "heart_rate",
    "hold_for_serving",
    "is_at_rest",
    "is_wanted",
    "make_folder",
    "refuse_served",
    "silence_seconds_max",
]

_BEAT_SECONDS = 10.0
_BEATS_A_LEASE = 3
_SILENT_BEATS_MAX = 3


def heart_rate(settings: Settings) -> HeartRate:
    """Return how often things are done; signs of life come often enough for watchdog and lease."""
    return HeartRate(
        poll_seconds=settings.poll_seconds,
        beat_seconds=min(
            _BEAT_SECONDS,
            settings.watchdog_seconds / 4,
            settings.executor_lease_seconds / _BEATS_A_LEASE,
        ),
    )


def silence_seconds_max(settings: Settings) -> float:
    """Return how old the last sign of life of a process may be that is well."""
    rate = heart_rate(settings)
    return _SILENT_BEATS_MAX * rate.beat_seconds + rate.poll_seconds


def make_folder(settings: Settings) -> None:
    """Make the folder of the state's file; where that fails, whatever comes next says why."""
    location = state_location(settings)
    if isinstance(location, StateLocation):
        with suppress(OSError):
            location.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def hold_for_serving(
    settings: Settings, executor: str, started_at: datetime, *, yields: bool = False
) -> Iterator[None]:
    """Hold a state in a file for this process alone; on a server several may serve.

    One that ``yields`` looks out for others that want it; see ``is_wanted``.

    Raises ``StateUnavailable``.
    """
    location = state_location(settings)
    if not isinstance(location, StateLocation):
        yield
        return
    holder = LockHolder(os.getpid(), executor, started_at, yields=yields)
    with hold_instance_lock(location.file, holder):
        yield


def is_wanted(settings: Settings) -> bool:
    """Say whether a process that serves waits for the file of the state."""
    location = state_location(settings)
    return isinstance(location, StateLocation) and is_file_wanted(location.file)


def health_of(
    settings: Settings, database: "StateDatabase", machine: str, clock: Clock
) -> HealthCheck:
    """Return what tells how the processes are that serve a state, this machine's first."""
    location = state_location(settings)
    pulse = SqlPulse(database, clock.now)
    if not isinstance(location, StateLocation):
        return FleetHealth(pulse, machine)
    find_holder = partial(find_lock_holder, location.file)
    return HealthUseCase(pulse, clock, find_holder, silence_seconds_max(settings))


def refuse_served(settings: Settings, health: HealthCheck) -> None:
    """Raise ``StateUnavailable`` where another process serves a state on a server.

    With the code ``state_in_use``, as the lock of a file does. Raises ``StateMisfit``, too.
    """
    location = state_location(settings)
    if not isinstance(location, StateLocation) and health.is_served():
        raise StateUnavailable(
            "state_in_use",
            f"Another process already serves the state in {location.name}.",
            "Stop that process first, or give this one an AEGIS_STATE_URL of its own.",
        )


def is_at_rest(health: HealthCheck) -> bool:
    """Say whether nobody serves a state; one whose tables are missing or old counts as at rest.

    Raises ``StateUnavailable``.
    """
    try:
        return not health.is_served()
    except StateMisfit:
        return True
