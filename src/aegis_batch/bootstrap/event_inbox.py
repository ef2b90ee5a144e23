"""Builds what takes events from a table of somebody else's."""

# ruff: noqa: PLC0415 - few have one

from collections.abc import Callable

from aegis_batch.application.event_taking import TakeEventsUseCase
from aegis_batch.bootstrap.job_parts import build_job_parts
from aegis_batch.bootstrap.services_file import service_names
from aegis_batch.bootstrap.serving_container import ServingContainer
from aegis_batch.bootstrap.tenants import zone_of_tenants
from aegis_batch.domain.tenant import SINGLE

__all__ = ["take_events_of"]


def take_events_of(container: ServingContainer) -> Callable[[], int] | None:
    """Return what takes events; ``None`` where the settings name no inbox.

    Raises ``InvalidRequest``.
    """
    settings = container.settings()
    if settings.events_url is None:
        return None
    from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
    from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
    from aegis_batch.adapters.outbound.postgres.event_inbox import PostgresEventInbox

    database = OrdersDatabase(
        parse_database_url(settings.events_url.get_secret_value()),
        connect_seconds=settings.db_connect_seconds,
        statement_timeout_seconds=min(settings.db_statement_timeout_seconds, 60.0),
    )
    inbox = PostgresEventInbox(
        database, settings.events_table, None if settings.has_several_tenants else SINGLE
    )
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
    return TakeEventsUseCase(container.ledger(), parts.starts, inbox).take
