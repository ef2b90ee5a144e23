"""Builds what looks at the health of a process that serves; often run, so it imports little."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aegis_batch.application.health import HealthCheck
from aegis_batch.application.ports.clock import Clock
from aegis_batch.bootstrap.holding import health_of
from aegis_batch.bootstrap.identity import executor_id
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.state import open_database
from aegis_batch.bootstrap.telemetry import set_up_logs

__all__ = ["open_health"]


@contextmanager
def open_health(environ: Mapping[str, str], clock: Clock) -> Iterator[HealthCheck]:
    """Yield what tells whether a process serves the state of the settings."""
    settings = load_settings(environ, from_vault=("state_url",))
    set_up_logs(settings.log_level, settings.log_format)
    with contextmanager(open_database)(settings) as database:
        yield health_of(settings, database, executor_id(settings, environ), clock)
