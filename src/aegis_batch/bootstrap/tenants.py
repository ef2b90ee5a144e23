"""Builds the directory of tenants that the settings choose."""

# ruff: noqa: PLC0415 - adapters are imported only when they are chosen

from collections.abc import Callable, Mapping

from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.tenant_choice import TenantChoice
from aegis_batch.bootstrap.loading import examine_settings, load_settings
from aegis_batch.bootstrap.outbound import orders_database, orders_schema
from aegis_batch.bootstrap.settings import Settings
from aegis_batch.bootstrap.tenancy_settings import TenancySettings
from aegis_batch.bootstrap.tenancy_types import Tenancy
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import EVERYONE, SINGLE, Tenant

__all__ = [
    "build_tenant_directory",
    "choice_of",
    "tenant_choice",
    "whose_jobs",
    "zone_of_tenants",
]


def build_tenant_directory(settings: Settings) -> TenantDirectory:
    """Return the directory: a list, a table, or the orders themselves; nothing is connected yet.

    Raises ``InvalidRequest`` for a name that can't be a table's or a column's.
    """
    from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory

    if settings.tenancy is Tenancy.SINGLE:
        return InMemoryTenantDirectory([Tenant(SINGLE)], settings.timezone)
    if settings.tenants:
        return InMemoryTenantDirectory(settings.tenants, settings.timezone)
    if settings.tenants_table is None:
        from aegis_batch.adapters.outbound.postgres.seen_tenants import PostgresSeenTenants

        assert settings.orders_tenant is not None  # noqa: S101 - load_settings has seen to it
        return PostgresSeenTenants(
            orders_database(settings), orders_schema(settings), settings.orders_tenant
        )
    from aegis_batch.adapters.outbound.postgres.tenant_directory import PostgresTenantDirectory
    from aegis_batch.adapters.outbound.postgres.tenants_schema import TenantsSchema

    schema = TenantsSchema(
        table=settings.tenants_table,
        id=settings.tenants_id,
        active=settings.tenants_active,
        zone=settings.tenants_zone,
        queue=settings.tenants_queue,
        closes_from=settings.tenants_closes_from,
    )
    return PostgresTenantDirectory(orders_database(settings), schema, settings.timezone)


def choice_of(settings: Settings, directory: TenantDirectory) -> TenantChoice:
    """Return what settles whose days are meant, by the directory that the settings choose."""
    return TenantChoice(directory if settings.tenancy is Tenancy.MULTI else None)


def whose_jobs(settings: Settings) -> str:
    """Return whose the jobs are that schedules start: the one tenant's, or everyone's."""
    return EVERYONE if settings.tenancy is Tenancy.MULTI else SINGLE


def zone_of_tenants(
    settings: Settings, directory: TenantDirectory | None = None
) -> Callable[[str], str | None]:
    """Return what says which zone a tenant has of its own, ``None`` for the deployment's.

    It raises ``InvalidRequest`` for an unknown tenant, and what the directory raises.
    """

    def zone_of(tenant_id: str) -> str | None:
        if not settings.has_several_tenants:
            return None
        found = (directory or build_tenant_directory(settings)).get(tenant_id)
        if found is None:
            raise InvalidRequest(
                "unknown_tenant", "There is no such tenant.", "Name one of the directory."
            )
        return found.zone_name

    return zone_of


def tenant_choice(environ: Mapping[str, str] | None) -> TenantChoice:
    """Return what settles whose days a command acts on; nothing is connected yet.

    Raises ``InvalidRequest`` where the settings can't say who the tenants are.
    """
    only = (*TenancySettings.own_fields(), "adapters")
    examined = examine_settings(environ, only=only)
    if not examined.faults and not examined.settings.has_several_tenants:
        # Most deployments are of one shop: what else is wrong, the command itself will say.
        return TenantChoice(None)
    is_listed = bool(examined.settings.tenants)
    settings = load_settings(environ, required=() if is_listed else ("database_url",))
    return TenantChoice(build_tenant_directory(settings))
