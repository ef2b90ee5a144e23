"""The control plane as an application in this process, for which nothing listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from aegis_batch.bootstrap.control import app_of
from aegis_batch.bootstrap.ledger_desk import LeftToServe
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.serving_container import ServingContainer
from aegis_batch.bootstrap.state import make_ready
from tests.integration.control_place import INTERNAL_KEY, TOKENS

__all__ = ["open_app"]


@contextmanager
def open_app(folder: Path, **more: str) -> Iterator[FastAPI]:
    """Provide the application of one shop, with a service by the name of ``resultados``."""
    services = folder / "services.toml"
    services.write_text('[[service]]\nname = "resultados"\nbase_url = "http://127.0.0.1:9"\n')
    environ = {
        "AEGIS_ENVIRONMENT": "production",
        "AEGIS_STATE_URL": f"sqlite:///{folder}/state.db",
        # Nobody asks either.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "BACKEND_BASE_URL": "http://127.0.0.1:9",
        "X_SERVICE_TOKEN": "a token of the tests",
        "AEGIS_SERVICES_FILE": str(services),
        **TOKENS,
        "INTERNAL_JOBS_KEY": INTERNAL_KEY,
        "AEGIS_CONTROL_DELAY_SECONDS_MAX": "0",
        "AEGIS_CONTROL_WAIT_SECONDS": "0",
        **more,
    }
    settings = load_settings(environ)
    container = ServingContainer(settings=settings, environ=environ, listener=None)
    container.notifier.override(LeftToServe(settings))
    try:
        make_ready(container.database(), container.work_engine())
        yield app_of(container)
    finally:
        container.shutdown_resources()
