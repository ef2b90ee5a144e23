"""Builds what looks at the health of a process that serves; often run, so it imports little."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from aegis_batch.adapters.outbound.state.pulse import SqlPulse
from aegis_batch.adapters.outbound.system.instance_lock import find_lock_holder
from aegis_batch.application.health import HealthUseCase
from aegis_batch.application.heart import HeartRate
from aegis_batch.application.ports.clock import Clock
from aegis_batch.bootstrap.identity import state_file
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state import open_database
from aegis_batch.bootstrap.telemetry import set_up_logs

__all__ = ["heart_rate", "open_health"]

_BEAT_SECONDS = 10.0
_SILENT_BEATS_MAX = 3


def heart_rate(settings: Settings) -> HeartRate:
    """Return how often things are done; signs of life come several times within the watchdog's."""
    return HeartRate(
        poll_seconds=settings.poll_seconds,
        beat_seconds=min(_BEAT_SECONDS, settings.watchdog_seconds / 4),
    )


@contextmanager
def open_health(environ: Mapping[str, str], clock: Clock) -> Iterator[HealthUseCase]:
    """Yield what tells whether a process serves the state of the settings."""
    settings = load_settings(environ)
    set_up_logs(settings.log_level, settings.log_format)
    rate = heart_rate(settings)
    silence_seconds_max = _SILENT_BEATS_MAX * rate.beat_seconds + rate.poll_seconds
    with contextmanager(open_database)(settings) as database:
        yield HealthUseCase(
            SqlPulse(database),
            clock,
            partial(find_lock_holder, state_file(settings)),
            silence_seconds_max,
        )
