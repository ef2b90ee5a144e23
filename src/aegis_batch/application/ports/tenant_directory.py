"""The port for knowing which tenants there are."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.calendar import Window
from aegis_batch.domain.tenant import Tenant

__all__ = ["PAGE_TENANTS_MAX", "TenantDirectory"]

PAGE_TENANTS_MAX = 100


class TenantDirectory(Protocol):
    """Knows the active tenants; it never holds them all at once.

    Each method raises ``OrdersMisfit`` where it is not as the settings say, and
    ``OrdersUnreachable`` where it can't be reached within a bounded time.
    """

    @property
    def goes_by_orders(self) -> bool:
        """Whether tenants are known by their orders alone: who has none in a window isn't there."""
        ...

    def page(
        self, zone_name: str | None, after: str | None, limit: int, window: Window
    ) -> Sequence[Tenant]:
        """Return active tenants of one zone by their ids in code-point order, behind ``after``.

        At most ``limit``, which is at most ``PAGE_TENANTS_MAX``; fewer only at the end. ``None``
        stands for the tenants without a zone of their own. A directory that knows tenants by their
        orders alone gives those that have some in the window; others don't look at it. An id that
        can be none (see ``check_tenant_id``) is left out, and told in the log.
        """
        ...

    def get(self, tenant_id: str) -> Tenant | None:
        """Return an active tenant; ``None`` where there is none with this id."""
        ...

    def zones(self) -> Sequence[str | None]:
        """Return the zones that active tenants have, in order; ``None`` first, always."""
        ...

    def queues(self) -> Sequence[str]:
        """Return the names of the queues that active tenants have for themselves, in order."""
        ...
