"""The port for the chains of seals."""

from collections.abc import Sequence
from typing import Protocol

from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.seal_link import KeptLink, SealLink

__all__ = ["Seals"]


class Seals(Protocol):
    """Keeps the seals of confirmed closes within a turn, for each tenant as a chain."""

    def add(self, link: SealLink) -> None:
        """Keep the next link of its tenant; ``ValueError`` where its number is taken: a defect."""
        ...

    def last(self, tenant: str) -> KeptLink | None:
        """Return a tenant's newest link; ``None`` before the first."""
        ...

    def of(self, key: CloseKey, limit: int, below: int | None = None) -> Sequence[KeptLink]:
        """Return the links of closes with this key, the newest first, at most ``limit``.

        ``below`` leaves out the link of that number and all newer ones. They come as they are kept,
        whatever somebody did to them.
        """
        ...

    def after(self, tenant: str, number: int, limit: int) -> Sequence[KeptLink]:
        """Return a tenant's links behind a number, in their order, at most ``limit``.

        They come as they are kept, whatever somebody did to them.
        """
        ...

    def tenants_after(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the tenants that have a chain, behind a name, in code-point order."""
        ...
