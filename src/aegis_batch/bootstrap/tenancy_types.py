"""How the settings of tenants are read from text."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import Tenant, check_tenant_id

__all__ = ["Tenancy", "TenantList"]


class Tenancy(StrEnum):
    """Whether a deployment closes the books of one shop or of several."""

    SINGLE = "single"
    MULTI = "multi"


def _tenants(value: object) -> object:
    if not isinstance(value, str):
        return value
    tenants: dict[str, Tenant] = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        tenant = _tenant(part)
        if tenant.id in tenants:
            raise ValueError("names a tenant twice")
        tenants[tenant.id] = tenant
    if value.strip() and not tenants:
        raise ValueError("names nobody (Write ids separated by commas, or leave it away)")
    return tuple(tenants.values())


def _tenant(text: str) -> Tenant:
    name, has_zone, zone_name = (part.strip() for part in text.rpartition("="))
    tenant_id = name if has_zone else text
    try:
        check_tenant_id(tenant_id)
    except InvalidRequest:
        raise ValueError(
            "holds what is no tenant's id (Write ids, or id=Zone/Name, separated by commas:"
            " north,south=America/Manaus)"
        ) from None
    if not has_zone:
        return Tenant(tenant_id)
    try:
        load_zone(zone_name)
    except KeyError:
        raise ValueError(
            "names a zone that is no IANA time zone (Write one such as America/Manaus)"
        ) from None
    return Tenant(tenant_id, zone_name)


TenantList = Annotated[tuple[Tenant, ...], BeforeValidator(_tenants)]
