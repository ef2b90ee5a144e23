"""The chains of many tenants at once, in memory."""

from collections.abc import Collection, Mapping, Sequence

from aegis_batch.adapters.outbound.memory.seals import InMemorySeals
from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["InMemoryManySeals"]


class InMemoryManySeals:
    """Keeps many seals one after the other."""

    def __init__(self, seals: InMemorySeals) -> None:
        """Take what keeps them."""
        self._seals = seals

    def add(self, links: Sequence[SealLink]) -> None:
        """Keep the next links of their tenants; ``ValueError`` where a number is taken."""
        for link in links:
            self._seals.add(link)

    def last(self, tenants: Collection[str]) -> Mapping[str, KeptLink]:
        """Return the newest link of each of the tenants that has one."""
        found = {tenant: self._seals.last(tenant) for tenant in tenants}
        return {tenant: link for tenant, link in found.items() if link is not None}
