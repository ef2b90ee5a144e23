"""The directory of tenants as a list, in memory."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from loguru import logger

from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import Tenant, check_tenant_id

__all__ = ["InMemoryTenantDirectory"]


class InMemoryTenantDirectory:
    """Knows the tenants that it was given, such as those in the settings; all are active."""

    def __init__(self, tenants: Iterable[Tenant], zone_name: str) -> None:
        """Take the tenants, each id once, and the deployment's own zone."""
        self._zone_name = zone_name
        self._tenants: dict[str, Tenant] = {}
        self._ids_of_zone: dict[str | None, list[str]] = {None: []}
        self._left_out: dict[str | None, int] = {}
        # Python, too, compares texts by their code points.
        for tenant in sorted(tenants, key=lambda each: each.id):
            self._add(tenant)

    @property
    def goes_by_orders(self) -> bool:
        """Whether tenants are known by their orders alone: they are not."""
        return False

    def page(
        self, zone_name: str | None, after: str | None, limit: int, window: Window
    ) -> Sequence[Tenant]:
        """Return tenants of one zone behind an id; see the port."""
        del window
        if after is None and zone_name in self._left_out:
            count = self._left_out[zone_name]
            logger.bind(event="tenants.left_out", count=count).warning(
                "{} of the tenants can be no tenant's id and are left out", count
            )
        ids = self._ids_of_zone.get(zone_name, [])
        first = 0 if after is None else bisect_right(ids, after)
        page = ids[first : first + min(limit, PAGE_TENANTS_MAX)]
        return [self._tenants[tenant_id] for tenant_id in page]

    def get(self, tenant_id: str) -> Tenant | None:
        """Return a tenant; see the port."""
        return self._tenants.get(tenant_id)

    def zones(self) -> Sequence[str | None]:
        """Return the zones that tenants have; see the port."""
        return [None, *sorted(name for name in self._ids_of_zone if name is not None)]

    def queues(self) -> Sequence[str]:
        """Return the names of the queues that tenants have; see the port."""
        return sorted({tenant.queue for tenant in self._tenants.values() if tenant.queue})

    def _add(self, tenant: Tenant) -> None:
        if tenant.zone_name == self._zone_name:
            tenant = replace(tenant, zone_name=None)
        try:
            check_tenant_id(tenant.id)
        except InvalidRequest:
            self._left_out[tenant.zone_name] = self._left_out.get(tenant.zone_name, 0) + 1
            return
        self._tenants[tenant.id] = tenant
        self._ids_of_zone.setdefault(tenant.zone_name, []).append(tenant.id)
