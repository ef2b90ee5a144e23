"""The chains of seals in memory."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.sorted_index import SortedIndex
from aegis_batch.adapters.outbound.memory.undo_log import UndoLog
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["InMemorySeals"]


class InMemorySeals:
    """Keeps seals, for each tenant as a chain."""

    def __init__(self, log: UndoLog) -> None:
        """Take the log to which changes are written."""
        self._log = log
        self._kept: dict[tuple[str, int], KeptLink] = {}
        self._numbers = SortedIndex(log)

    def add(self, link: SealLink) -> None:
        """Keep the next link of its tenant; ``ValueError`` where its number is taken."""
        tenant = link.key.tenant
        if (tenant, link.number) in self._kept:
            raise ValueError(f"taken: {link.number} of {tenant}")
        self._log.put(self._kept, (tenant, link.number), link.kept())
        for facet in (tenant, link.key, (tenant, link.run_id)):
            self._numbers.add(facet, (link.number,))

    def last(self, tenant: str) -> KeptLink | None:
        """Return a tenant's newest link; ``None`` before the first."""
        numbers = self._numbers.of(tenant)
        return self._kept[tenant, numbers[-1][0]] if numbers else None

    def of(self, key: CloseKey, limit: int, below: int | None = None) -> Sequence[KeptLink]:
        """Return the links of closes with this key, the newest first, at most ``limit``."""
        numbers = [known for (known,) in self._numbers.of(key) if below is None or known < below]
        newest = numbers[::-1][:limit]
        return [self._kept[key.tenant, number] for number in newest]

    def after(self, tenant: str, number: int, limit: int) -> Sequence[KeptLink]:
        """Return a tenant's links behind a number, in their order, at most ``limit``."""
        behind = [known for (known,) in self._numbers.of(tenant) if known > number]
        return [self._kept[tenant, known] for known in behind[:limit]]

    def has_of(self, tenant: str, run_id: str) -> bool:
        """Say whether a tenant's chain has a link of a run, for the filter of runs."""
        return bool(self._numbers.of((tenant, run_id)))

    def tenants_after(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the tenants that have a chain, behind a name, in code-point order."""
        return sorted({name for name, _ in self._kept if name > tenant})[:limit]
