"""The port for the chains of many tenants at once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["ManySeals"]


class ManySeals(Protocol):
    """Keeps seals as ``Seals`` does, within the same turn, but many with a few statements."""

    def add(self, links: Sequence[SealLink]) -> None:
        """Keep the next links of their tenants; ``ValueError`` where a number is taken: a defect.

        At most one of each tenant.
        """
        ...

    def last(self, tenants: Collection[str]) -> Mapping[str, KeptLink]:
        """Return the newest link of each of the tenants that has one."""
        ...
