"""Builds the control plane: within a process that serves, or as a process of its own."""

# ruff: noqa: PLC0415 - nothing of the extra is imported without need

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from aegis_batch.application.auditing import Auditing
from aegis_batch.application.cancelling import CancelRunUseCase
from aegis_batch.application.roles import Role
from aegis_batch.application.scheduler_metrics import scheduler_metrics
from aegis_batch.bootstrap.holding import make_folder
from aegis_batch.bootstrap.job_parts import build_job_parts
from aegis_batch.bootstrap.ledger_desk import LeftToServe
from aegis_batch.bootstrap.loading import load_settings, unknown_variables
from aegis_batch.bootstrap.services_file import service_names
from aegis_batch.bootstrap.serving_container import ServingContainer, tell_alive
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.state import make_ready, refuse_outdated
from aegis_batch.bootstrap.telemetry import set_up_logs, warn_of_unknown
from aegis_batch.bootstrap.tenants import zone_of_tenants
from aegis_batch.bootstrap.version import program_version
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import SINGLE

if TYPE_CHECKING:
    from aegis_batch.adapters.inbound.control.access import Access
    from aegis_batch.adapters.inbound.control.app import ControlApp
    from aegis_batch.adapters.inbound.control.desk import ControlDesk
    from aegis_batch.adapters.outbound.state.database import StateDatabase
    from aegis_batch.application.ports.tenant_directory import TenantDirectory

__all__ = ["app_of", "control_of", "open_control"]

_NEEDS = ("database_url", "backend_base_url", "x_service_token")
_EXTRA = ("fastapi", "jwt", "uvicorn")


@contextmanager
def open_control(environ: Mapping[str, str]) -> Iterator[None]:
    """Listen until the end of the context; what is started is left to those who serve.

    Raises ``InvalidRequest``, ``StateUnavailable`` and ``StateMisfit``.
    """
    settings = load_settings(environ, required=_NEEDS)
    set_up_logs(settings.log_level, settings.log_format)
    warn_of_unknown(unknown_variables(environ))
    container = ServingContainer(settings=settings, environ=environ, listener=None)
    container.role.override(Role.CONTROL)
    container.notifier.override(LeftToServe(settings))
    try:
        make_folder(settings)
        if settings.state_migrate:
            make_ready(container.database(), container.work_engine())
        else:
            refuse_outdated(container.database())
        with control_of(container):
            tell_alive(container)
            yield
    finally:
        # What is exported last is looked up in the state, which is closed after that.
        container.exporting.shutdown()
        container.shutdown_resources()


def control_of(container: ServingContainer) -> AbstractContextManager[object]:
    """Return what listens from the beginning of a context until its end.

    Raises ``InvalidRequest`` where the package lacks its extra, or nobody could be let in.
    """
    settings = container.settings()
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise InvalidRequest(
            "control_not_installed",
            f"The control plane needs packages that are not there: {', '.join(missing)}.",
            "Install aegis-batch with its extra: pip install 'aegis-batch[control]'.",
        )
    if settings.internal_jobs_key is None and settings.control_jwt_key is None:
        raise InvalidRequest(
            "control_without_keys",
            "The control plane would let nobody in.",
            "Set INTERNAL_JOBS_KEY, AEGIS_CONTROL_JWT_KEY, or both.",
        )
    from aegis_batch.adapters.inbound.control.server import ControlServer

    return ControlServer(app_of(container), settings.control_host, settings.control_port)


def app_of(container: ServingContainer) -> "ControlApp":
    """Return the application, where the extra is there and somebody can be let in."""
    from aegis_batch.adapters.inbound.control.app import control_app

    auditing = Auditing(container.ledger(), container.clock())
    desk, access = _desk(container, auditing), _access(container, auditing)
    app = control_app(desk, access)
    exporting = container.exporting()
    if exporting is not None:
        exporting.look_up(
            lambda: scheduler_metrics(desk.views.figures(desk.clock.now()), access.refused)
        )
    return app


def _desk(container: ServingContainer, auditing: Auditing) -> "ControlDesk":
    from aegis_batch.adapters.inbound.control.desk import ControlDesk, ControlLimits

    settings = container.settings()
    parts = build_job_parts(
        ledger=container.ledger(),
        state=container.state(),
        timings=container.timings(),
        firing=container.firing(),
        starting=container.job_starting(),
        identifiers=container.identifiers(),
        expectations=container.expectations(),
        services=service_names(settings),
        zone_of=zone_of_tenants(settings, container.tenant_directory()),
        several_tenants=settings.has_several_tenants,
    )
    return ControlDesk(
        jobs=parts.control,
        pauses=parts.pauses,
        starts=parts.starts,
        views=parts.views,
        cancelling=CancelRunUseCase(
            container.ledger(), container.after_run(), container.backfill_control()
        ),
        auditing=auditing,
        clock=container.clock(),
        limits=ControlLimits(
            pool_size=settings.jobs_pool_size,
            at_once=settings.jobs_at_once,
            waiting_max=settings.jobs_waiting_max,
            wait_seconds=settings.control_wait_seconds,
        ),
        zone_name=settings.timezone,
        single_tenant=None if settings.has_several_tenants else SINGLE,
        knows_tenant=_knows(settings, container.tenant_directory()),
        connections=partial(_connections, container.database()),
        version=program_version(),
    )


def _access(container: ServingContainer, auditing: Auditing) -> "Access":
    from aegis_batch.adapters.inbound.control.access import Access
    from aegis_batch.adapters.inbound.control.tokens import TokenChecker, TokenRules

    settings = container.settings()
    key, jwt_key = settings.internal_jobs_key, settings.control_jwt_key
    tokens = None
    if jwt_key is not None:
        tokens = TokenChecker(
            TokenRules(
                key=jwt_key.get_secret_value(),
                algorithm=settings.control_jwt_algorithm.value,
                # That both are set, the settings have seen to.
                issuer=settings.control_jwt_issuer or "",
                audience=settings.control_jwt_audience or "",
                tenant_claim=settings.control_jwt_tenant_claim,
                several_tenants=settings.has_several_tenants,
            )
        )
    return Access(
        None if key is None else key.get_secret_value(),
        tokens,
        auditing,
        container.clock(),
        settings.control_delay_seconds_max,
    )


def _knows(settings: Settings, directory: "TenantDirectory") -> Callable[[str], bool]:
    if not settings.has_several_tenants:
        return lambda tenant: tenant == SINGLE
    return lambda tenant: directory.get(tenant) is not None


def _connections(database: "StateDatabase") -> int:
    """Return how many connections to the state are in use just now."""
    return int(getattr(database.engine.pool, "checkedout", int)())
